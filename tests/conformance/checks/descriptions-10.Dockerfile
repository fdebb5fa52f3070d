# check=experimental=all
FROM base
   # x
ARG z
# z y
# q

ARG z
