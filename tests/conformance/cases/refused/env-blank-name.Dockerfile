FROM conformance/base:1
ENV =1
