FROM conformance/base:1
COPY a.txt b.txt /x
