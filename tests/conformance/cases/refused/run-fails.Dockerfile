FROM conformance/base:1
RUN exit 3
