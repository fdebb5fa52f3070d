FROM base AS Xx
ENV \
  a=$A \
  b=c
CMD a \
  b
