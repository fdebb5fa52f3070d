FROM conformance/base:1
ENV SET=s EMPTY=
LABEL a=${SET:?no} b=${SET?no} c=${EMPTY?no} d=${SET:?}
