FROM conformance/base:1
VOLUME /have /base
