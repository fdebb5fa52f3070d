FROM conformance/base:1
COPY a.txt /have/linked
RUN cat /have/kept /have/linked > /tmp/x
