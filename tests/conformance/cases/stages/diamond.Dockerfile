FROM conformance/base:1 AS base
RUN echo b > /b
FROM base AS l
RUN echo l > /l
FROM base AS r
RUN echo r > /r
FROM base
COPY --from=l /l /
COPY --from=r /r /
