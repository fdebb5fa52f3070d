FROM base
RUN a \

  b \

  c

RUN a \
# x

  b
