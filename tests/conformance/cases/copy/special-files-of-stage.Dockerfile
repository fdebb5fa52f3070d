FROM conformance/base:1 AS a
RUN mkdir /s && mkfifo /s/pipe && mknod /s/null c 1 3 && ln -s null /s/link
FROM scratch
COPY --from=a /s /s
