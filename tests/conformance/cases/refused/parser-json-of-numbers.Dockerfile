FROM conformance/base:1
CMD [1, 2]
