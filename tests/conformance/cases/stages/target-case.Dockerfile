FROM conformance/base:1 AS Mixed
LABEL a=1
FROM conformance/base:1
LABEL a=2
# build: --target MIXED
