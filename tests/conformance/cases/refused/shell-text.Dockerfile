FROM conformance/base:1
SHELL /bin/sh -c
