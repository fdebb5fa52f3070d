FROM conformance/base:1
STOPSIGNAL -5
