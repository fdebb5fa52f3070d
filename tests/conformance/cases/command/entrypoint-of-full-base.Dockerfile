FROM conformance/full:1
ENTRYPOINT x
