# check=experimental=all
FROM base
RUN <<EOF
# x
EOF
ARG foo
