FROM conformance/base:1
COPY --chmod=u+q a.txt /x
