# check=skip=all
FROM base AS Foo
CMD x
