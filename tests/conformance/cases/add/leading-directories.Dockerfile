FROM conformance/base:1
ADD packed.tar /have/sub
ADD packed.tar /to-have
