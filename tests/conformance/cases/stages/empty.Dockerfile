FROM conformance/base:1
