FROM conformance/base:1 AS conformance
LABEL a=1
FROM conformance/base:1
