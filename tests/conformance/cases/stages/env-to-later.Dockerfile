FROM conformance/base:1 AS a
ENV A=1
WORKDIR /w
USER app
FROM a
RUN echo "$A $(pwd) $(id -un)" > /tmp/x
LABEL a=$A
