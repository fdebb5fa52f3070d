# syntax=docker/dockerfile:1-labs
FROM conformance/base:1
COPY --parents have/sub/new /
COPY --parents dir/sub/deep /have/
