FROM conformance/base:1
ADD special.tar /s
