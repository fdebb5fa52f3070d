FROM conformance/base:1
USER app:nosuchgroup
RUN true
