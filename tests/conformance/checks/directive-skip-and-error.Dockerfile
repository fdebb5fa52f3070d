# check=skip=all;error=true
FROM base
CMD x
