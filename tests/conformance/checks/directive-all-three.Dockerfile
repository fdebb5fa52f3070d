# check=skip=StageNameCasing;experimental=all;error=false
FROM base AS Foo
