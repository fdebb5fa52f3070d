FROM conformance/base:1
COPY a.txt /to-have
COPY a.txt /to-have/x
COPY dir/sub /to-have/sub
COPY a.txt /to-nothing/below
