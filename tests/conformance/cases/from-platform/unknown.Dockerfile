FROM --platform=bogus conformance/base:1
# says: failed to parse platform bogus: "bogus": unknown operating system or architecture
