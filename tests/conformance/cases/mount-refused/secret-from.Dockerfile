FROM conformance/base:1
RUN --mount=type=secret,id=x,from=scratch true
