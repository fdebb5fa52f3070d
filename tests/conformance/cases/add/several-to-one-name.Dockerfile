FROM conformance/base:1
ADD a.txt b.txt /x
