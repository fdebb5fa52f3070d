FROM conformance/base:1
WORKDIR /have/sub
RUN --mount=target=ctx ls /have/sub/ctx/dir > /seen
RUN --mount=target=../other,source=dir ls /have/other >> /seen
RUN --mount=target=./,source=dir pwd >> /seen; ls /have/sub >> /seen
