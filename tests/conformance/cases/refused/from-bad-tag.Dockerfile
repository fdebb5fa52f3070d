FROM conformance/base:a:b
