FROM conformance/base:1
ARG A=1
ARG B
ARG C=$A
LABEL a=$A b=$B c=$C
# build: --build-arg A=x --build-arg B=y
