# check=experimental=all
FROM base
COPY a /a
COPY ./b/x /a
ADD b c *.c /d/
COPY --from=base b /b
COPY . /x
COPY d/../b /x/
