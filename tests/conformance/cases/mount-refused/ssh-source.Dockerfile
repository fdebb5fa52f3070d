FROM conformance/base:1
RUN --mount=type=ssh,source=/x true
