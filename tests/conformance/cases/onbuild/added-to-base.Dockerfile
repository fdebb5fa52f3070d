FROM conformance/onbuild:1
ONBUILD LABEL mine=1
