FROM conformance/base:1
WORKDIR /have/kept
# says: WORKDIR /have/kept: /have/kept is in the image, and is no directory
