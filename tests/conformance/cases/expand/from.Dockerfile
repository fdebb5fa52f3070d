ARG REPO=conformance
ARG IMAGE=${REPO}/base
ARG TAG=1
FROM "${IMAGE}":${TAG:-none} AS x
LABEL image=$IMAGE
