FROM conformance/base:1
ADD packed.tar /have
ADD packed.tar /new/deep/dir
ADD packed.tar.gz relative
