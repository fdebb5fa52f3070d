FROM conformance/base:1
COPY --from=0 /x /
