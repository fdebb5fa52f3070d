FROM conformance/base:1 AS a
ENV A=1
RUN true
FROM a AS b
LABEL b=1
FROM b
RUN true
