FROM conformance/base:1
RUN mkdir -p /p/q && echo 1 > /p/q/r
RUN rm -rf /p
COPY a.txt /p/q/
