FROM --platform=$NONE conformance/base:1
