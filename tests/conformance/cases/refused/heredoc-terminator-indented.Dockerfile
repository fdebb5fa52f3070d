FROM conformance/base:1
RUN <<EOF
text
  EOF
