FROM conformance/base:1
WORKDIR /have/kept/x
# says: WORKDIR /have/kept/x: /have/kept is in the image, and is no directory
