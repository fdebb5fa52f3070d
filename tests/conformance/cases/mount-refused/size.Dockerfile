FROM conformance/base:1
RUN --mount=type=tmpfs,target=/t,size=zz true
