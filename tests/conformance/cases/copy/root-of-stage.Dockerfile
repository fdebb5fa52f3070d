FROM scratch AS a
COPY a.txt /1
COPY dir/sub /2
FROM scratch
COPY --from=a / /
COPY --from=a / /all
