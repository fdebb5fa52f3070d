FROM conformance/base:1
COPY --chown=a:b:c a.txt /x
