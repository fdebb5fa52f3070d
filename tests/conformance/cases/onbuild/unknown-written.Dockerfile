FROM conformance/base:1
ONBUILD FOO x
