FROM conformance/base:1
COPY --chown=: a.txt /1
COPY --chown=12: a.txt /2
COPY --chown=:13 a.txt /3
COPY --chown= a.txt /4
