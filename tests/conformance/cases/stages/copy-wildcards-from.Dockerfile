FROM conformance/base:1 AS a
RUN mkdir /d && echo 1 > /d/a.x && echo 2 > /d/b.x && ln -s a.x /d/l.x && ln /d/b.x /d/h.x
FROM scratch
COPY --from=a /d/*.x /x/
COPY --from=a /d /d
