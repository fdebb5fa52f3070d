FROM conformance/base:1
EXPOSE http
