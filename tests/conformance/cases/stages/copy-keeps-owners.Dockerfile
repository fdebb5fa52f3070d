FROM conformance/base:1 AS a
FROM scratch
COPY --from=a /have /have
COPY --from=a --chown=9 /have /changed
COPY --from=a /have/setuid /have/capable /
