FROM conformance/base:1 AS a
RUN mkdir -p /d/e && touch -d "2001-01-01 00:00:00" /d/e/f /d/e /d
FROM scratch
COPY --from=a /d /d
COPY --from=a /d/e/f /g/
