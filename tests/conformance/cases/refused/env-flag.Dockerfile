FROM conformance/base:1
ENV --x=y z
