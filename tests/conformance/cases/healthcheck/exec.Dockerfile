FROM conformance/base:1
HEALTHCHECK NONE
HEALTHCHECK --interval=1h CMD ["test", "-e", "/tmp"]
