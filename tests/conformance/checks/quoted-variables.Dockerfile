FROM base
ARG a
ARG b=$zz
ARG c="${yy}"
ENV d=$b
STOPSIGNAL 9
USER "$u"
WORKDIR "$w"
VOLUME ["/a$v"]
COPY ["a$v", "$w"]
LABEL x='$y' z="\$y"
