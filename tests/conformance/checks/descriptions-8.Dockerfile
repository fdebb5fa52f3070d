#x
# check=experimental=all
FROM base as foo
