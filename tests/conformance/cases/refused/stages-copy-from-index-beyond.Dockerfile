FROM conformance/base:1
COPY --from=7 /x /
