FROM conformance/base:1
RUN --mount=type=cache,target=/x,sharing=lokked true
# says: unsupported sharing value "lokked"
