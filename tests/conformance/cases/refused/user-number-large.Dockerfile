FROM conformance/base:1
USER 4294967294
RUN true
