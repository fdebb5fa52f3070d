FROM conformance/base:1
ONBUILD ONBUILD RUN x
