FROM conformance/base:1
COPY --chown=app a.txt /1
COPY --chown=app:extra a.txt /2
COPY --chown=:staff a.txt /3
COPY --chown=0:staff a.txt /4
COPY --chown=nobody-known a.txt /5
COPY --chown=12 a.txt /6
COPY --chown=app: a.txt /7
