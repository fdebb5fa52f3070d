FROM conformance/base:1
COPY di* /d/
COPY web/* /w/
COPY d?r/s* /s/
COPY dir/e* /e
