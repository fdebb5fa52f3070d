# check=error=maybe
FROM base AS Foo
