FROM conformance/base:1
CMD ['single']
ENTRYPOINT ["a" "b"]
