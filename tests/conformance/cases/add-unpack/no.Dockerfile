FROM scratch
ADD --unpack=false packed.tar packed.tar.gz /o/
