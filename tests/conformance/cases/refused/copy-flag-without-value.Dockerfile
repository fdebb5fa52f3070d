FROM conformance/base:1
COPY --chown a.txt /x
