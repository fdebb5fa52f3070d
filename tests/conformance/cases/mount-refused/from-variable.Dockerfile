FROM conformance/base:1
ARG F=base
RUN --mount=from=$F,target=/x true
