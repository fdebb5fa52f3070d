FROM conformance/base:1
LABEL a=1 b=2
# build: --label a=given --label c=d=e --label f
