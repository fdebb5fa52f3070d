FROM conformance/base:1
COPY <<A <<B /
1
A
2
