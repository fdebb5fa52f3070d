FROM conformance/base:1
COPY a.txt /have/kept/x
