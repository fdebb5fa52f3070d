FROM conformance/base:1 AS a
RUN mkdir -p /h && echo x > /h/a && ln /h/a /h/b && ln /h/a /c
FROM scratch
COPY --from=a /h /h
COPY --from=a /h/a /c /i/
