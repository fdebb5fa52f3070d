FROM scratch
COPY --from=conformance/base:1 /bin /bin
ENV A=1
RUN ["/bin/sh", "-c", "env | sort > /env; pwd > /pwd"]
