# check=experimental=all
# x


FROM base AS a
# y

# z

ARG foo
