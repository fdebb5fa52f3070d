FROM conformance/base:1
COPY --chown="1:2" --chmod='600' a.txt /x
COPY --chown=1\:2 a.txt /y
