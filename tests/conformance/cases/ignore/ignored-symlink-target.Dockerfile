FROM conformance/base:1
COPY link /x
