FROM conformance/base:1
HEALTHCHECK --retries=many CMD x
# says: --retries: "many" is not a number
