FROM conformance/base:1
MAINTAINER
