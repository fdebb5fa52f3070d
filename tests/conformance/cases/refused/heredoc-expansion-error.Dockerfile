FROM conformance/base:1
COPY <<EOF /x
${A
EOF
