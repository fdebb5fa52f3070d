FROM conformance/base:1
ENV K=key
ENV $K=v ${K}2=w
LABEL "$K"=v a.$K.b=c
