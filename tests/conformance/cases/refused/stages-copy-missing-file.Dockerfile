FROM conformance/base:1 AS a
FROM scratch
COPY --from=a /nothere /
