ARG G=global
FROM conformance/base:1 AS a
ONBUILD ARG A=1
ONBUILD ARG G
ONBUILD LABEL a=$A g=$G
FROM a
# build: --build-arg A=given
