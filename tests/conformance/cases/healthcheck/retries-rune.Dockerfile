FROM conformance/base:1
HEALTHCHECK --retries=39 CMD x
HEALTHCHECK --retries=1000 CMD x
HEALTHCHECK --retries=65 CMD x
