FROM conformance/base:1
CMD a   "b"  $c
CMD ["a", "b c"]
CMD []
