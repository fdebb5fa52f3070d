FROM conformance/base:1 AS unused
RUN --mount=type=bnd,target=/x true
FROM conformance/base:1
RUN echo built > /seen
