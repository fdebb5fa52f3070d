FROM conformance/base:1
ARG A
ARG B=2
ARG C="3 4"
RUN true
ARG A=5
RUN true
ENV B=6
RUN true
