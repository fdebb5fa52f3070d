FROM conformance/base:1
COPY web /w/
