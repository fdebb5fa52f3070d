FROM conformance/base:1
COPY dir /d
COPY dir/two dir/two-again /e/
COPY dir/two* /f/
