FROM conformance/base:1
COPY a.txt a.txt /x/
COPY a.txt b.txt a.txt /y/
COPY dir dir/sub /z/
