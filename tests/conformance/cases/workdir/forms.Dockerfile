FROM conformance/base:1
WORKDIR /a//b/./c/../d/
RUN pwd > /out
WORKDIR e//f/
WORKDIR "with space"
WORKDIR .
