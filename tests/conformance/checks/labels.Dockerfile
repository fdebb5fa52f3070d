FROM base
LABEL a="$A$B" $C="x"
ENV foo=1 bar=$foo
