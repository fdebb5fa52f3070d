FROM conformance/base:1
USER app
ADD packed.tar /o/
