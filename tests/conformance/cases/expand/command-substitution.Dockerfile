FROM conformance/base:1
LABEL a=$(date) b=`date` c="$(x y)" d=$((1+1))
