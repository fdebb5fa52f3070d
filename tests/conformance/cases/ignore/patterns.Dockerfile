FROM conformance/base:1
COPY . /all/
COPY web /web
