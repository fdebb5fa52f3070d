FROM base
CMD a
CMD ["b"]
entrypoint a
ENTRYPOINT b
HEALTHCHECK NONE
HEALTHCHECK CMD x
FROM base AS two
SHELL ["/bin/bash","-c"]
CMD a
