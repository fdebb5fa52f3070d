FROM conformance/base:1
HEALTHCHECK NONE x
