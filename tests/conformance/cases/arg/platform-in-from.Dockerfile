FROM conformance/base:${TARGETOS#linux}1
LABEL a=[$TARGETARCH]
