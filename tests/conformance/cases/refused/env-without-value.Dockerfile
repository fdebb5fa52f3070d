FROM conformance/base:1
ENV A
