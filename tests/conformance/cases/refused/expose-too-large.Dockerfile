FROM conformance/base:1
EXPOSE 65536
