FROM conformance/nowhere:1 AS x
RUN false
COPY nothere /
FROM conformance/base:1
LABEL a=1
