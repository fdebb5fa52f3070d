FROM conformance/base:1
ENV SET=s EMPTY=
LABEL a=${SET:-x} b=${SET-x} c=${EMPTY:-x} d=${EMPTY-x} e=${NONE:-x} f=${NONE-x} g=${NONE:-} h=${NONE-}
LABEL i=${SET:+x} j=${SET+x} k=${EMPTY:+x} l=${EMPTY+x} m=${NONE:+x} n=${NONE+x}
