FROM conformance/base:1
COPY special/attributes /x
