FROM conformance/base:1 AS a
COPY --from=b /x /
FROM conformance/base:1 AS b
# build: --target a
