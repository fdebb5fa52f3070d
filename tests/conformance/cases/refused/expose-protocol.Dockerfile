FROM conformance/base:1
EXPOSE 80/http
