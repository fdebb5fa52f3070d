FROM conformance/base:1
COPY <<EOF /out
# no comment

  
a \
b
# x=y
EOF
