# syntax=docker/dockerfile:1-labs
FROM scratch
COPY --parents web/*.md dir/**/deep /o/
COPY --parents w*/./*.js /p/
