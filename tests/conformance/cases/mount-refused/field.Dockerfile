FROM conformance/base:1
RUN --mount=type=tmpfs,target=/x,foo true
