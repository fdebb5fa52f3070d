ARG a=base
FROM ${a} AS one
FROM ${a:-x} AS two
FROM ${zz:-base} AS three
FROM --platform=$TARGETPLATFORM base AS four
FROM --platform=${TARGETPLATFORM} base AS five
FROM --platform=linux/amd64 base AS six
FROM --platform=linux/amd64 base AS linux-six
FROM --platform=$BUILDPLATFORM base AS seven
FROM --platform=linux/$TARGETARCH base AS eight
FROM --platform=${TARGETPLATFORM:-linux/amd64} base AS nine
FROM --platform=linux/${TARGETARCHX:-amd64} base AS ten
