FROM scratch AS a
COPY a.txt /
FROM scratch AS b
COPY --from=a / /sub
FROM b
