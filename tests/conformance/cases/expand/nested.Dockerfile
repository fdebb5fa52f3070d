FROM conformance/base:1
ENV A=1 C=c
LABEL a=${NONE:-${A}} b=${NONE:-${X:-${Y:-deep}}} c=${A:+${C}x} d=${NONE:-$A-$C} e=${NONE:-"q $A"} f=${NONE:-'q $A'} g=${NONE:-a\}b} h=${NONE:-{}}
