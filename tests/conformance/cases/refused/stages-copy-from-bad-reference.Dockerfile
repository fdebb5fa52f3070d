FROM conformance/base:1
COPY --from=A_B:c:d a.txt /
