FROM conformance/base:1
COPY --chmod=999 a.txt /x
