FROM conformance/base:1
COPY --from=A_B:c:d a.txt /
# says: failed to parse stage name "A_B:c:d": invalid reference format: repository name "A_B:c" must be lowercase
