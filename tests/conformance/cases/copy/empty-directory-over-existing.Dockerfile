FROM conformance/base:1
COPY dir/empty /have
COPY dir/empty /have/sub
COPY dir/empty /new/
