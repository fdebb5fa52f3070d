FROM conformance/base:1
RUN --mount=type=tmpfs true
