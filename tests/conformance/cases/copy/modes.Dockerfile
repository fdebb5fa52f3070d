FROM conformance/base:1
COPY run.sh setuid b.txt /modes/
COPY --chmod=640 a.txt /octal/made/parent
COPY --chmod=0755 dir /octal-dir
COPY --chmod=4711 a.txt /setuid
COPY --chmod=u+x,go= a.txt /symbolic
COPY --chmod=a-w,u=rwX dir /symbolic-dir
