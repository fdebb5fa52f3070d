FROM conformance/base:1
COPY <<a-b.c /1
one
a-b.c
RUN cat << SPACED > /2
two
SPACED
COPY <<"quo" /3
three $x
quo
COPY <<'single' /4
four $x
single
