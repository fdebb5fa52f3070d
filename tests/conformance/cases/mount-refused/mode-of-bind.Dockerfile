FROM conformance/base:1
RUN --mount=target=/x,mode=1 true
