FROM conformance/base:1
CMD one && \
    two   && \
  # c
    three
ENTRYPOINT exec \
  x
