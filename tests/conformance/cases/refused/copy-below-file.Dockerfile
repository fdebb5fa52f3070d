FROM conformance/base:1
COPY a.txt /have/kept/x
# says: cannot copy to non-directory: /have/kept
