FROM conformance/base:1
COPY *.txt /x
