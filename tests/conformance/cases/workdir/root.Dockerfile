FROM conformance/base:1
WORKDIR /
WORKDIR ..
WORKDIR //
