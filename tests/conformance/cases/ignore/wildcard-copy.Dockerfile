FROM conformance/base:1
COPY *.txt /c/
COPY web/*.js /w/
