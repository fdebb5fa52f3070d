ARG V
FROM base$V
ARG W
FROM base:$W
