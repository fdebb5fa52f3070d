FROM conformance/base:1
ENV D=/new/dir
WORKDIR $D
RUN rmdir /new/dir
RUN pwd > /tmp/pwd
