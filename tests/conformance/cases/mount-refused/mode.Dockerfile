FROM conformance/base:1
RUN --mount=type=secret,id=s,mode=9 true
