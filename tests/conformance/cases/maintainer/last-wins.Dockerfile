FROM conformance/base:1
MAINTAINER One
MAINTAINER Two <two@example.org>, "q"
