FROM conformance/base:1
ARG A=1
LABEL a=$A b="$A"
# build: --build-arg A=$PATH"q\
