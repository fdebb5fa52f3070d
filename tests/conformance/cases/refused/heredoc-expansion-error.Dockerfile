FROM conformance/base:1
COPY <<EOF /x
${A
EOF
# says: failed to process "${A\n": unsupported modifier (\n) in substitution
