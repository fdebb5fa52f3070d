FROM conformance/base:1
ENV A=1 B=2
ENV A=3 C=4
ENV FROM_BASE=changed PATH=$PATH:/more
ENV A=
