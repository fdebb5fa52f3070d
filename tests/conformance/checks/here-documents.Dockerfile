FROM base
COPY <<EOF /x
$HH ${HI:-x} '$HJ'
EOF
COPY <<"EOF" /x
$HK
EOF
RUN <<EOF
$HL
EOF
RUN --mount=type=bind,source=/$A,target=/x$B true
ONBUILD RUN $x
EXPOSE 80$E
CMD x
