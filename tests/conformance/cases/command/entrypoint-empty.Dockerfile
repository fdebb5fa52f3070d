FROM conformance/base:1
ENTRYPOINT
