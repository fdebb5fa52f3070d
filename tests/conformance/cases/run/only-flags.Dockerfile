FROM conformance/base:1
RUN --network=none
