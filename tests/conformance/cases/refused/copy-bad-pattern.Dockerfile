FROM conformance/base:1
COPY [a /x/
# says: syntax error in pattern "[a"
