FROM conformance/base:1
ADD packed.tar* /all/
