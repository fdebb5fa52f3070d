FROM conformance/base:1
COPY a.txt /x
COPY a.txt /x
