FROM scratch
COPY --exclude=[ web /o/
# says: syntax error in pattern "["
