# check=error=true;skip=StageNameCasing;experimental=CopyIgnoredFile
FROM base AS Foo
COPY a b
