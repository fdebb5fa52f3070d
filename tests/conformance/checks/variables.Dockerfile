FROM base
ENV a=$A b=$A
ENV c=${A} d=${A:-b} e=${A-b} f=${A:+b} g=${A+b}
ENV h=${A#b} i=${A%b} j=${A/b/c}
ENV k='$A' l="$A" m=\$A
ENV $K=1
LABEL $L=$M x=$N
COPY --chown=$U --chmod=$P $S $D
ADD $S2 /
WORKDIR $W
USER $X
VOLUME /v$V /w$V2
EXPOSE 80$E
STOPSIGNAL ${SIG:-9}
RUN --mount=type=cache,target=/x$T echo $R
CMD $C
ENTRYPOINT $F
HEALTHCHECK CMD $H
SHELL ["$SH"]
ARG Q=$Z
ARG qq
ENV z=$qq
ENV PATHX=$PATJ:$PATH
COPY <<EOF /x
$HH ${HI:-x}
EOF
ONBUILD ENV x=$OO
MAINTAINER $MM
