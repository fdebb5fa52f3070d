FROM conformance/base:1 AS a
LABEL n=1
FROM conformance/base:1 AS a
LABEL n=2
FROM a
