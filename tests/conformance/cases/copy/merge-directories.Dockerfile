FROM conformance/base:1
COPY web have /m/
COPY have/sub web /m/
COPY dir/empty /m
