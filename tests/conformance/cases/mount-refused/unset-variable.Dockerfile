FROM conformance/base:1
RUN --mount=target=${NO:?nope} true
