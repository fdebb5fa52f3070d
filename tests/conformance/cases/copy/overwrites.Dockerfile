FROM conformance/base:1
COPY a.txt /have/kept
COPY b.txt /have/kept
COPY run.sh /have/linked
COPY a.txt /have/setuid
