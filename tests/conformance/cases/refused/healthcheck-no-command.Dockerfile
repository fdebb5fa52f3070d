FROM conformance/base:1
HEALTHCHECK CMD
