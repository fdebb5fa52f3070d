FROM conformance/base:1
ADD above.tar /p
