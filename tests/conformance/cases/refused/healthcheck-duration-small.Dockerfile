FROM conformance/base:1
HEALTHCHECK --timeout=1us CMD x
