FROM conformance/base:1
RUN --mount=target=/../ true
# says: invalid mount target "/"
