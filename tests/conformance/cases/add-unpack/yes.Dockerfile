FROM conformance/base:1
ADD --unpack=true packed.zst a.txt /o/
