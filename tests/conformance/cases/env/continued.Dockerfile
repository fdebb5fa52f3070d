FROM conformance/base:1
ENV A=1 \
    B="a \
  b" \
    C='d \
  e'
ENV D long \
  value
