ARG A=1
LABEL a=b
FROM conformance/base:1
