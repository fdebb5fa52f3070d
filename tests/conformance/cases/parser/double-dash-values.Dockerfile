FROM conformance/base:1
LABEL a=--b --c=d
ENV x --y
