# check=skip=JSONArgsRecommended,StageNameCasing;error=true
FROM base AS Foo
CMD x
WORKDIR y
