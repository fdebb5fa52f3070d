FROM scratch
USER 5:6
WORKDIR rel/dir
COPY a.txt x
