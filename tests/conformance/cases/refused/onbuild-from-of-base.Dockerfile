FROM conformance/onbuild-from:1
# says: FROM isn't allowed as an ONBUILD trigger
