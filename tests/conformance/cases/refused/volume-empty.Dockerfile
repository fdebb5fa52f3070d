FROM conformance/base:1
VOLUME [""]
