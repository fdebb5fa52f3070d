# syntax=docker/dockerfile:1-labs
FROM scratch
COPY --parents nowhere . /o/
