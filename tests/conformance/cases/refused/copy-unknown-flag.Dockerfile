FROM conformance/base:1
COPY --chwn=1 a.txt /x
