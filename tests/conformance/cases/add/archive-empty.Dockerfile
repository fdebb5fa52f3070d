FROM conformance/base:1
ADD empty.tar /e/
ADD empty /f/
