FROM conformance/base:1
LABEL a=1 b=\