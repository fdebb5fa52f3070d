FROM base as One
ENV a=$A
workdir rel
CMD x
FROM base
ENV b=$B
