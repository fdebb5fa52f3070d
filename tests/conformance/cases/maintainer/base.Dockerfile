FROM conformance/full:1
LABEL a=b
