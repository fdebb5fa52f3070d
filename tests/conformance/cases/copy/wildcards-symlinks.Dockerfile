FROM conformance/base:1
COPY link* /l/
COPY dir/rel* /m/
