FROM conformance/base:1 AS a
FROM conformance/base:1
COPY --from=a /have/capable /c
RUN cat /c > /d
