FROM conformance/base:1
ARG =b
