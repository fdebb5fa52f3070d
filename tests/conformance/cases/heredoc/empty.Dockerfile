FROM conformance/base:1
COPY <<EOF /empty
EOF
RUN <<EOF
EOF
