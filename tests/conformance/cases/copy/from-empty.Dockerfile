FROM conformance/base:1
COPY --from= a.txt /
