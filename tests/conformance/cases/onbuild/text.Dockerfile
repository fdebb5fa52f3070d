FROM conformance/base:1
ONBUILD   run   a   b
onbuild Copy   x		y
ONBUILD RUN a \
  # c
  b
ONBUILD LABEL "a"=$b
