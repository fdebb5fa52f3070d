FROM --plattform=linux/amd64 conformance/base:1
