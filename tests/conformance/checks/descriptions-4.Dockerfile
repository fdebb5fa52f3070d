# check=experimental=all
# x
FROM base
# y
RUN true
ARG foo
