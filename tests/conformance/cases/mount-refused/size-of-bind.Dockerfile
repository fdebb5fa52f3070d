FROM conformance/base:1
RUN --mount=target=/t,size=5 true
