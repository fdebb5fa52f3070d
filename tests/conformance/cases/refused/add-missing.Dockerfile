FROM conformance/base:1
ADD nothere /
