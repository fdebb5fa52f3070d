FROM --platform=amd64 base
FROM --platform=linux base as l
FROM --platform=linux/x86_64/v2 base AS amd
FROM --platform=windows/amd64 base AS amd64
