FROM base
ENV a b
LABEL a b
label c d
ENV x=1 y=2
LABEL "a b"=c
