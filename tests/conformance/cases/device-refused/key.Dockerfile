FROM conformance/base:1
RUN --device=name=a,foo=1 true
