# syntax=docker/dockerfile:1-labs
FROM scratch
COPY --parents --exclude=**/*.md --exclude=web/node_modules web dir/sub /o/
