FROM conformance/base:1
ENTRYPOINT a b
ENTRYPOINT ["a", "b"]
ENTRYPOINT []
