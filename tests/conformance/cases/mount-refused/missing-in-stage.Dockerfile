FROM conformance/base:1
RUN --mount=target=/x,from=conformance/base:1,source=nowhere true
# says: "/nowhere": not found
