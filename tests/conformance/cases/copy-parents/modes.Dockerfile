# syntax=docker/dockerfile:1-labs
FROM scratch
COPY --parents --chown=4:5 --chmod=640 dir/sub/deep /o/x/
COPY --parents --chmod=u+x,go= dir/sub/deep /p/x/
