FROM conformance/base:1
# comment
LABEL a=1 \
  # within

  b=2
COPY <<EOF /doc
line
EOF
CMD ["x"]
