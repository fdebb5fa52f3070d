# syntax=docker/dockerfile:1-labs
FROM scratch
COPY --parents dir/./sub/deep web/./node_modules /o/
