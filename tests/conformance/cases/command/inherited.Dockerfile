FROM conformance/base:1
LABEL none=
