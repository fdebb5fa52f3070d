FROM conformance/base:1
STOPSIGNAL
