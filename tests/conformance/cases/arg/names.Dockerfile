FROM conformance/base:1
ARG a-b=1
ARG 1c=2
ARG "d"=3
ARG e.f
RUN env | grep =[123] | sort > /out
