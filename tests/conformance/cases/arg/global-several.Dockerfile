ARG A=1 B=$A C
ARG C=${C:-c}
FROM conformance/base:1
ARG A B C
LABEL a=$A b=$B c=$C
