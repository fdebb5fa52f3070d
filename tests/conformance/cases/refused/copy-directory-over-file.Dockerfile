FROM conformance/base:1
COPY dir /have/kept
