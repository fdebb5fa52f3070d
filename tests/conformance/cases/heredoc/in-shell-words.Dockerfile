FROM conformance/base:1
RUN cat <<EOF > /out; echo "<<NO" >> /out; x=$((1<<2)); echo $x >> /out
in
EOF
