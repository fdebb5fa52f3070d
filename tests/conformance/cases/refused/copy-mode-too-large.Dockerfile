FROM conformance/base:1
COPY --chmod=10000 a.txt /x
