FROM conformance/base:1
SHELL
