FROM conformance/base:1
COPY <<"a b" /x
a b
# says: failed to process "\"a": unexpected end of statement while looking for matching double-quote
