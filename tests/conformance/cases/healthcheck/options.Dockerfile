FROM conformance/base:1
HEALTHCHECK --interval=1m30s --timeout=1.5s --start-period=1h --start-interval=500ms --retries=11 CMD a && b
