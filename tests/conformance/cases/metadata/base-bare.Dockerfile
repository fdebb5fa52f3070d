FROM conformance/bare:1
LABEL a=b
