# check=experimental=all
# hello
FROM base AS Foo
# foo yes
ARG foo
# bar
ARG foo

# x

ARG foo
# x
#
ARG foo
# two
ARG one=1 two=2
# three
ARG one=1 two=2
# no name
FROM base
# a
# foo ok
ARG foo
