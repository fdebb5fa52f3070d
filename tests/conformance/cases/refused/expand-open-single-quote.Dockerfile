FROM conformance/base:1
ENV a='b
