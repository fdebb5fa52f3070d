FROM scratch AS a
COPY --from=conformance/base:1 /have/kept /
FROM a AS base
