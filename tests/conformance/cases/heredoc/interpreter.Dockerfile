FROM conformance/base:1
RUN sh -s one two <<EOF
echo "$0 $@" > /out
EOF
RUN sh <<'EOF' && echo after >> /out2
echo $PATH > /out2
EOF
