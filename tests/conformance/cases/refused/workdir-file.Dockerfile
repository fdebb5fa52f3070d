FROM conformance/base:1
WORKDIR /have/kept
