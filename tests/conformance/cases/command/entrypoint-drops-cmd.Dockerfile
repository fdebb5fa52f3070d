FROM conformance/base:1
ENTRYPOINT exec top -b
