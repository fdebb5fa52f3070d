FROM conformance/base:1 AS a
COPY --from=a /x /
