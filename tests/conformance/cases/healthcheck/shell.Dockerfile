FROM conformance/base:1
SHELL ["/bin/sh", "-x", "-c"]
HEALTHCHECK CMD a "b"   c
HEALTHCHECK CMD [not json]
