FROM conformance/base:1
ENV A=1
LABEL x=$A
ENV A=2
LABEL y=$A
ARG A=3
LABEL z=$A
