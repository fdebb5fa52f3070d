FROM conformance/base:1
ENV a-b=1 c.d=2 1e=3 "f g"=4 h/i=5 J$=6
