# check=foo
FROM base AS Foo
