FROM conformance/base:1
USER
