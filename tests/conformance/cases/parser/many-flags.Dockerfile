FROM conformance/base:1
COPY --chmod=600 --chown=1:2 --from=conformance/base:1 --link=false have/kept /kept
