FROM conformance/base:1 AS a
MAINTAINER A
FROM a
LABEL x=y
