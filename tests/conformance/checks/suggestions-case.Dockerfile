FROM base
ARG FOO
ENV x=$FOO y=$foo
