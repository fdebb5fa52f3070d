FROM conformance/base:1
EXPOSE 80 80/tcp 80-81
EXPOSE 80
