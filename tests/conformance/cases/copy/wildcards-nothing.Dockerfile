FROM conformance/base:1
COPY a.txt none* /x/
COPY a.txt no*/none /y
