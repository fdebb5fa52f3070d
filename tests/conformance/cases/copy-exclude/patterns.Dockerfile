FROM scratch
COPY --exclude=*.md --exclude=*/module.js web /o/
