FROM conformance/base:1
CMD ["first"]
CMD ["a", "b"]
ENTRYPOINT ["/bin/x"]
