FROM base AS a
SHELL ["/bin/bash","-c"]
FROM a
CMD x
