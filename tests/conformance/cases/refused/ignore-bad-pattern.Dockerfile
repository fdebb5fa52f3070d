FROM conformance/base:1
COPY a.txt /
# says: syntax error in pattern "[a"
