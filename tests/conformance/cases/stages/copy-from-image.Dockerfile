FROM scratch
COPY --from=conformance/base:1 /have /have
COPY --from=conformance/base:1 have/k* to-have /k/
