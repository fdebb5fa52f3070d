FROM conformance/base:1 AS Mine
ARG TARGETSTAGE
LABEL s=[$TARGETSTAGE]
FROM scratch
# build: --target mine
