ARG A=1
FROM conformance/base:1
LABEL a=${A:-unset}
RUN echo ${A:-unset} > /out
