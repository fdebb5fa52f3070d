# check=experimental=all
FROM base
COPY a /a
COPY a/b /a
COPY ./a /b
ADD https://x/a /d
COPY /a /x
COPY a/ /x
COPY a/../a z
