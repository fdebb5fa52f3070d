FROM conformance/base:1
ENV P=a*b?c/d
LABEL a=${P#a\*} b=${P%\?*} c="${P#a\*}" d=${P#*\/} e=${P#"a"} f=${P#'a'}
