FROM conformance/base:1
COPPY a.txt /
