FROM conformance/base:1
RUN --mount=type=bnd,target=/x true
# says: unsupported mount type "bnd"
