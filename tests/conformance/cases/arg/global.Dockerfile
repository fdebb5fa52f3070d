ARG A=1
ARG B=$A-2
FROM conformance/base:1
ARG A
LABEL a=$A b=$B
ARG B
ARG C=$B
LABEL b=$B c=$C
