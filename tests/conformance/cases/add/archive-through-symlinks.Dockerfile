FROM conformance/base:1
ADD links.tar /l
