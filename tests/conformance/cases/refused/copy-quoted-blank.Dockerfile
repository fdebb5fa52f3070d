FROM conformance/base:1
COPY "with space" /x
