FROM conformance/base:1
LABEL a=x\\
LABEL b='y\\'
