FROM conformance/base:1
COPY <<"a b" /x
a b
