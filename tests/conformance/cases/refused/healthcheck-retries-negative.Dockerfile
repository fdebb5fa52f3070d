FROM conformance/base:1
HEALTHCHECK --retries=-1 CMD x
