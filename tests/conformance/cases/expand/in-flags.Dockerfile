FROM conformance/base:1
ENV O=app M=640
ARG S=conformance/base:1
COPY --chown=$O:${NONE:-extra} --chmod=$M a.txt /x
