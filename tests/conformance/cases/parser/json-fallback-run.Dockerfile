FROM conformance/base:1
RUN [ -e /bin/sh ] && echo yes > /out
VOLUME [/a
COPY [a-a].txt /x
