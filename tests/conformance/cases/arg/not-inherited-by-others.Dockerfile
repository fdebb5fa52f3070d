FROM conformance/base:1 AS a
ARG A=1
FROM conformance/base:1
LABEL a=[$A]
COPY --from=a /have/kept /
