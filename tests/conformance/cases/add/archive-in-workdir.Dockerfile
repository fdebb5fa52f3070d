FROM conformance/base:1
WORKDIR /w
ADD packed.tar .
ADD packed.tar ./
ADD ["packed.tar", "x y/"]
