# check=experimental=all
FROM base
# foo
ARG foo
# foo: x
ARG foo
#foo x
ARG foo
#  foo x
ARG foo
# foo	x
ARG foo
