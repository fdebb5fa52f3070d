FROM conformance/base:1
RUN --mount=target=/x,source=nowhere true
