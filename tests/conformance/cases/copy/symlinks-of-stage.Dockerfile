FROM conformance/base:1 AS a
RUN ln -s /have /abs && ln -s /have/kept /file && ln -s ../../../have /have/out
FROM scratch
COPY --from=a /abs /1
COPY --from=a /file /2
COPY --from=a /to-have/kept /3
COPY --from=a /have/out/sub /4
COPY --from=a /ab* /5
