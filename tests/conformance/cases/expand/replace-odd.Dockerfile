FROM conformance/base:1
ENV P=aaa D='$1 $0'
LABEL a=${P//a/$D} b=${P/#a/X} c=${P/%a/X} d=${P//a*/b} e=${P//a?/b}
