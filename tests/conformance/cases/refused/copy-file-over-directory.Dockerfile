FROM conformance/base:1
COPY have/sub/new /q/
RUN mkdir -p /r/have/sub/new
COPY have /r/have
# says: cannot copy the file have/sub/new over the directory /r/have/sub/new
