FROM conformance/base:1
ENV P=/a/b/c.tar.gz
LABEL a=${P#*/} b=${P##*/} c=${P%.*} d=${P%%.*} e=${P#x} f=${P%/c*z} g=${P#/?/} h=${NONE#x} i=${P#} j=${P%} k="${P##*}" l=${P%%*}
