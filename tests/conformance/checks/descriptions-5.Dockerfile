# check=experimental=all

# x
FROM base as foo
RUN a \
# inner
 b
ARG foo
