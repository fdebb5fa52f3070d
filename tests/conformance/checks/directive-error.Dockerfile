# check=error=true
FROM base AS Foo
CMD x
