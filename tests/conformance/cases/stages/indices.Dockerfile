FROM conformance/base:1
RUN echo 0 > /zero
FROM conformance/base:1 AS named
RUN echo 1 > /one
FROM conformance/base:1
COPY --from=0 /zero /
COPY --from=1 /one /
COPY --from=NAMED one /again
