FROM conformance/base:1 AS a
ONBUILD RUN false
FROM conformance/base:1
COPY --from=a /have/kept /x
