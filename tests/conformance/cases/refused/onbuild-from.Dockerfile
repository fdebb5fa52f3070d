FROM conformance/base:1
ONBUILD FROM scratch
