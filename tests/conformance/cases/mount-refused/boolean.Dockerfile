FROM conformance/base:1
RUN --mount=target=/x,rw=maybe true
