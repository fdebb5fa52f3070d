ARG a=base
FROM --platform=${FOO:-linux/amd64} base AS nine
