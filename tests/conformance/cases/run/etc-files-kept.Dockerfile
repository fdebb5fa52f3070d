FROM conformance/base:1
COPY a.txt /etc/resolv.conf
COPY a.txt /etc/hostname
RUN cat /etc/hostname > /tmp/h
