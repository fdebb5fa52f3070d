FROM conformance/base:1
WORKDIR $NONE
