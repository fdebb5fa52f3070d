FROM conformance/base:1
RUN --mount=type=secret,id=x,source=y true
