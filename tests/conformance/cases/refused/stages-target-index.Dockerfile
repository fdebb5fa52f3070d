FROM conformance/base:1
LABEL a=1
FROM conformance/base:1
# build: --target 0
