# syntax=docker/dockerfile:1-labs
FROM scratch
COPY --parents dir/sub/deep have/sub/new /o/
