FROM conformance/base:1
ENV U=app D="a dir" G=extra
USER $U:$G
WORKDIR $D/${U}
WORKDIR "quoted dir"
WORKDIR '$D'
USER "0"
