FROM base
RUN a && \

  b
RUN c \



