FROM conformance/base:1
COPY --chmod=u+x a.txt /1
COPY --chmod=go= dir /2
COPY --chmod=a=rX,u+w dir /3
COPY --chmod=+x b.txt /4
COPY --chmod=u=rwx,g=u,o=g-w a.txt /5
