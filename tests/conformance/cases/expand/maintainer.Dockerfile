FROM conformance/base:1
ENV N=Name
MAINTAINER "$N" $N 'x'
