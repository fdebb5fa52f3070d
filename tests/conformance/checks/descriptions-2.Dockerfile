# check=experimental=all
FROM base
# foo y


ARG foo
# x
# foo y
#

ARG foo
#
# x
ARG foo
