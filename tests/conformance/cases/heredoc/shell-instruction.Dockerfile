FROM conformance/base:1
SHELL ["/bin/sh", "-ec"]
RUN <<EOF
false || echo $- > /out
EOF
