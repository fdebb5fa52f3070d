FROM conformance/base:1
USER app
COPY a.txt /1
COPY dir/sub /2
WORKDIR /w
COPY a.txt x/y
