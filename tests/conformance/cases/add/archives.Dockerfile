FROM conformance/base:1
ADD packed.tar /tar
ADD packed.tar.gz /gz/
ADD packed.zst /zst/
ADD packed.tar /
ADD --chown=40:41 packed.tar /owned/
ADD not-a-tar.tar /plain/
ADD text.gz /
ADD a.txt packed.tar.gz /mixed/
ADD dir /dir
WORKDIR /rel
ADD packed.tar in
ADD --chmod=600 a.txt /mode
