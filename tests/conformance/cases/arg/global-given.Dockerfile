ARG A=1
ARG B=$A-2
FROM conformance/base:1
ARG A=own
ARG B
LABEL a=$A b=$B
# build: --build-arg A=x
