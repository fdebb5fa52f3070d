FROM conformance/base:1
ENV A=1 B=$A
ENV A=2 B=$A C=$B
LABEL a=$A b=$B c=$C
