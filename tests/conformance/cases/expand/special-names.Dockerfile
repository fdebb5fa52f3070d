FROM conformance/base:1
ENV A=1 _x=2 a1=3
LABEL a=$1 b=$12x c=$@ d=$* e=$# f=$? g=$- h=$! i=$0 j=${1} k=${@} l=$ m=$$ n=$% o=$_x p=$a1 q=$A-b r=$A.b s=${A}b t=$é
