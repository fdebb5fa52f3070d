FROM conformance/base:1
HEALTHCHECK --every=5s CMD x
