# check=error=true
FROM conformance/base:1 AS Mixed
RUN exit 9
