FROM scratch
ADD --chmod=700 --chown=5:6 packed.tar /o/x/
