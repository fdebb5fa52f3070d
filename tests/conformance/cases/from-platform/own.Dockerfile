FROM --platform=$BUILDPLATFORM conformance/base:1
COPY a.txt /
