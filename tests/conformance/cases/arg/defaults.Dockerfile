FROM conformance/base:1
ARG A=1 B C="d e" E=$A
LABEL a=$A b=$B c=$C e=$E
