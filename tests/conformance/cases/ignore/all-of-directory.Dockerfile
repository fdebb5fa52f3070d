FROM conformance/base:1
COPY dir /d/
COPY web /w/
