FROM conformance/base:1 AS a
ONBUILD RUN false
# build: --target a
