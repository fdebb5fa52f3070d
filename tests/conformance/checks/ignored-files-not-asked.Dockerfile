FROM base
COPY a /a
