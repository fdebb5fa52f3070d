FROM conformance/base:1
COPY web/ /a
COPY web/ /b/
COPY web/node_modules/ web/index.html /c/
