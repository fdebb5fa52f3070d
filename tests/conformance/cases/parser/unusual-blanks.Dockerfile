FROM conformance/base:1
LABEL a=1b=2c=3
ENV  y z w 
