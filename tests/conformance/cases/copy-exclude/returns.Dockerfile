FROM scratch
COPY --exclude=* --exclude=!index.html --exclude=!node_modules/*.js web /o/
