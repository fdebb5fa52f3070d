# check=error=true
FROM base AS foo
