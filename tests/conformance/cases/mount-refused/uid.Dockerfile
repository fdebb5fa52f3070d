FROM conformance/base:1
RUN --mount=type=cache,target=/x,uid=app true
