FROM conformance/base:1
COPY dir/abs* /y/
