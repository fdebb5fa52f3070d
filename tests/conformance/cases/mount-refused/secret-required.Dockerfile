FROM conformance/base:1
RUN --mount=type=secret,id=none,required true
