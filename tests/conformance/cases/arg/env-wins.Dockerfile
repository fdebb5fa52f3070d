FROM conformance/base:1
ENV A=env
ARG A=arg
LABEL a=$A
RUN echo $A > /out
# build: --build-arg A=given
