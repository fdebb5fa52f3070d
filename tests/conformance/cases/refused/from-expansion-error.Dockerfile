FROM conformance/base:${TAG
# says: failed to process "conformance/base:${TAG": syntax error: missing '}'
