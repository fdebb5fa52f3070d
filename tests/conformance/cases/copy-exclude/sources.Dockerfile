FROM scratch
COPY --exclude=*.md *.md web/README.md web /o/
