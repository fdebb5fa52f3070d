FROM conformance/base:1
COPY --chown=1 --chown=2 a.txt /x
