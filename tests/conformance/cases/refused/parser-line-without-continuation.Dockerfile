FROM conformance/base:1
RUN a &&
  b
