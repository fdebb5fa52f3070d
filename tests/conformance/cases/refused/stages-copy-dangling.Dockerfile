FROM conformance/base:1
FROM scratch
COPY --from=0 /to-nothing /a/
