FROM conformance/base:${TAG
