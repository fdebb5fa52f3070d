FROM conformance/base:1
WORKDIR /to-have/new
RUN ln -s /have/sub /abs && ln -s tmp/x /dangling
WORKDIR /abs/y
