FROM conformance/base:1
ARG A=arg
ENV A=env-$A
LABEL a=$A
RUN echo $A > /out
# build: --build-arg A=given
