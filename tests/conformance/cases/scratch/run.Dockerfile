FROM conformance/base:1 AS tools
FROM scratch
COPY --from=tools /bin/busybox /bin/sh
RUN echo hello > /hello
RUN true
RUN ["/bin/sh", "-c", "echo > /made"]
