FROM conformance/base:1
USER 2147483647
RUN id -u > /tmp/a
USER 1000:extra
RUN id > /tmp/b
USER app:7
RUN id > /tmp/c
