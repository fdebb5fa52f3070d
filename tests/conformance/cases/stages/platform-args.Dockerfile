FROM --platform=$TARGETPLATFORM conformance/base:1 AS a
FROM --platform=$BUILDPLATFORM a
LABEL x=y
