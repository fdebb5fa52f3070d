FROM conformance/base:1
ADD truncated.gz /t/
