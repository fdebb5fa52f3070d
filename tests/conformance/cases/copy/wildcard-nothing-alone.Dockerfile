FROM conformance/base:1
COPY none* /x/
