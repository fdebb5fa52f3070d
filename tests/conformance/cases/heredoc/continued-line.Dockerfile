FROM conformance/base:1
RUN cat <<EOF \
  > /out \
  && echo more >> /out
in
EOF
