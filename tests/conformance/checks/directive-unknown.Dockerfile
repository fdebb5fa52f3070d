# check=skip=all;foo=bar
FROM base AS Foo
