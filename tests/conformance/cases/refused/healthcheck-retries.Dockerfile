FROM conformance/base:1
HEALTHCHECK --retries=many CMD x
