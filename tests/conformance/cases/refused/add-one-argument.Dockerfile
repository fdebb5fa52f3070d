FROM conformance/base:1
ADD x
