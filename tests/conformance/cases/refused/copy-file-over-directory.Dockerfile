FROM conformance/base:1
COPY have/sub/new /q/
RUN mkdir -p /r/have/sub/new
COPY have /r/have
