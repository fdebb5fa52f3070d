FROM conformance/base:1
CMD one
CMD ["two"]
CMD three
