FROM conformance/base:1 AS a
# build: --target b
