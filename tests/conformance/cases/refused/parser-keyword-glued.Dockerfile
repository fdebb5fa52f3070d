FROM conformance/base:1
CMD["x"]
