FROM conformance/base:1
EXPOSE 9 80 10/udp 10 100
EXPOSE 1
