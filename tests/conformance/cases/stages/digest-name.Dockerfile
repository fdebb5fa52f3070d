FROM docker.io/conformance/base:1
LABEL a=b
