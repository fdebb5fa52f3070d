FROM conformance/base:1
LABEL a
