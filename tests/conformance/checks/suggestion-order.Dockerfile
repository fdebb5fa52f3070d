FROM base
ENV b=1
ENV a=1
ENV x=$c
ENV b=2
ENV y=$d
