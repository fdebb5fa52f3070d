FROM conformance/base:1 AS src
RUN echo x > /made
FROM conformance/base:1 AS a
ONBUILD COPY --from=src /made /got
FROM a
