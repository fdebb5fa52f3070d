FROM conformance/base:1
WORKDIR /have/sub
# A layer that no other image has: what Docker makes of the next one depends on it.
RUN echo relative-to-workdir > /first
RUN --mount=target=ctx ls /have/sub/ctx/dir > /seen
RUN --mount=target=../other,source=dir ls /have/other >> /seen
RUN --mount=target=./,source=dir pwd >> /seen; ls /have/sub >> /seen
