FROM conformance/base:1
LABEL a=1 "b c"="d e" f= g="" h=i=j over=mine from=
LABEL a=2
