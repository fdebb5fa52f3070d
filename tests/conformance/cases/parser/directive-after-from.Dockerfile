FROM conformance/base:1
# escape=`
LABEL a=1 \
 b=2
