FROM conformance/base:1
ADD --chown=app:extra packed.tar /o/
ADD --chmod=700 packed.tar /m/
