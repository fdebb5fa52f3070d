FROM conformance/base:1
LABEL a=${b
# says: failed to process "${b": syntax error: missing '}'
