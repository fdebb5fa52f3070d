FROM conformance/base:1
LABEL a=[$A]
RUN echo "[$A]" > /out
ARG A=1
LABEL b=[$A]
