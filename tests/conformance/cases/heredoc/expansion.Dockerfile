FROM conformance/base:1
ENV A=a B="b c"
COPY <<EOF /out
$A ${B} ${NONE:-none} ${A:+yes} \$A "$A" '$A' \\ \n `x` ${A#a}
EOF
COPY <<"EOF" /raw
$A \$A
EOF
COPY <<E"O"F /half
$A
EOF
