# syntax=docker/dockerfile:1-labs
FROM conformance/base:1 AS a
FROM scratch
COPY --parents --from=a /have/./sub /have/kept /o/
