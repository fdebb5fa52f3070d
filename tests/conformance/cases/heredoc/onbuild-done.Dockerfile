FROM conformance/base:1 AS a
ONBUILD RUN <<EOF
echo one > /one
EOF
ONBUILD COPY <<EOF /x
text $FROM_BASE
EOF
FROM a
