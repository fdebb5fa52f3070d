FROM conformance/base:1
ARG A=1
ARG B
LABEL a=[$A] b=[${B-unset}]
# build: --build-arg A= --build-arg B=
