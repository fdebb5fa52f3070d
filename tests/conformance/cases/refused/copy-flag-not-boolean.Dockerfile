FROM conformance/base:1
COPY --link=maybe a.txt /x
