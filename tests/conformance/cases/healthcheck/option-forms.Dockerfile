FROM conformance/base:1
HEALTHCHECK --retries=+3 --interval=0s --timeout=0 --start-period= CMD x
