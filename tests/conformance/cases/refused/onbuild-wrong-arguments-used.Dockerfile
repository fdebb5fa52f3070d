FROM conformance/base:1 AS a
ONBUILD COPY x
FROM a
