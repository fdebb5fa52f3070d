FROM conformance/base:1 AS a
ARG A=1
ARG B=2
FROM a
ARG B
LABEL a=$A b=$B
RUN echo "$A $B" > /out
