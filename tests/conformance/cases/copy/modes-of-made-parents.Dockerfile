FROM conformance/base:1
COPY --chmod=1777 a.txt /1/2
COPY --chmod=2750 dir/sub /3/4
COPY --chmod=u=rwx,go= a.txt /5/6
