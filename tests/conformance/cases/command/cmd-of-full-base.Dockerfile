FROM conformance/full:1
CMD x
