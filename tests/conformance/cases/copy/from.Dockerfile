FROM conformance/base:1 AS source
RUN mkdir -p /out/d && echo 1 > /out/one && chmod 600 /out/one && chown 5:6 /out/one && ln /out/one /out/two \
 && ln -s one /out/soft && chmod 2750 /out/d && touch -d '2010-10-10 10:10:10' /out/d /out/one
FROM conformance/base:1
COPY --from=source /out /by-name
COPY --from=0 /out/one /out/soft /by-index/
COPY --from=conformance/base:1 /have /image
COPY --from=conformance/base:1 /have/capable /have/setuid have/kept /files/
COPY --from=source --chown=9:9 --chmod=444 /out /changed
COPY --from=source /out/* /wild/
