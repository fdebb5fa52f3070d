FROM conformance/base:1
ADD packed.tar.bz2 /bz2/
ADD packed.tgz.txt /txt/
