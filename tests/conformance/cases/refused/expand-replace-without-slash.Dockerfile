FROM conformance/base:1
ENV A=1
LABEL a=${A/b}
