# hello
ARG foo
# hello
FROM base AS foo
