FROM conformance/base:1
HEALTHCHECK --timeout=-1s CMD x
