FROM conformance/base:1
EXPOSE 90-80
