FROM conformance/base:1
RUN true
# build: --allow foo
