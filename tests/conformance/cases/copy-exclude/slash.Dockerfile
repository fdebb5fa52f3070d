FROM scratch
COPY --exclude=/index.html --exclude=node_modules/ web /o/
