FROM --platform=nothing/at/all/here conformance/base:1
