FROM conformance/base:1
ENV P=foo/bar/foo.foo
LABEL a=${P/foo/X} b=${P//foo/X} c=${P//\//-} d=${P/o*r/_} e=${P//o/} f=${P/none/X} g=${P//?oo/[&]} h=${NONE/a/b} i=${P//./$P}
