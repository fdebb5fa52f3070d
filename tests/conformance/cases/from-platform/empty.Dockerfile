FROM --platform=$NOPE conformance/base:1
COPY a.txt /
# says: empty platform value from expression $NOPE
