FROM conformance/base:1 name
