FROM base AS a
ARG foo=1
ENV bar=2
FROM a
ENV x=$foo y=$bar
