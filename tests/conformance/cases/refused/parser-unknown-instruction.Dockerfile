FROM conformance/base:1
FOO bar
