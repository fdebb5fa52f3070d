FROM conformance/base:1
COPY --from=conformance/base:1 /have /h
