FROM conformance/base:1
ADD twice.tar /t/
