FROM conformance/base:1 AS base
LABEL stage=base
FROM base AS target
LABEL stage=target
RUN echo target > /target
FROM target AS after
RUN false
# build: --target target
