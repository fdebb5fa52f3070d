FROM conformance/base:1
RUN --mount=required,target=/x true
