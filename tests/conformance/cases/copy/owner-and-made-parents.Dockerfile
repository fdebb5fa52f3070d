FROM conformance/base:1
COPY --chown=5:6 a.txt /p/q/r
COPY --chown=7:8 dir /have/s/t
COPY --chown=5:6 have /have
