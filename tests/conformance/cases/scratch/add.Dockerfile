FROM scratch
ADD packed.tar /
