FROM conformance/base:1
ENV $NONE=1
