FROM conformance/base:1 AS made
RUN mkdir -p /out/sub && echo one > /out/one && chmod 750 /out && chown 5:6 /out
FROM conformance/base:1
RUN --mount=type=cache,target=/c,id=conformance-from,from=conformance/base:1,source=/have ls /c > /seen; stat -c "%a %u:%g" /c /c/kept >> /seen
RUN --mount=type=cache,target=/c,id=conformance-from,from=conformance/base:1,source=have/sub ls /c >> /seen
