FROM conformance/base:1 AS a
ONBUILD FOO x
FROM a
