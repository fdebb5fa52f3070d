FROM conformance/base:1
COPY special /s
