FROM conformance/base:1
ADD paths.tar /p
