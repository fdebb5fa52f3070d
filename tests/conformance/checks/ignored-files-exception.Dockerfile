# check=experimental=all
FROM base
COPY a /a
COPY a/b /a
COPY ./a /b
ADD http://x/a /d
COPY /a /x
COPY a/ /x
