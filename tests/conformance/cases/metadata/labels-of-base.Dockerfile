FROM conformance/base:1
LABEL over=child
