FROM conformance/base:1
LAB\
EL a=on\
e
ENV A\
B=c\
  D=e
COPY a.t\
xt /x
