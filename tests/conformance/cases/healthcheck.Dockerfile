FROM conformance/base:1
HEALTHCHECK --interval=1m30s --timeout=3s --start-period=500ms --start-interval=2s --retries=12 CMD wget -q localhost || exit 1
