FROM conformance/onbuild-from:1
