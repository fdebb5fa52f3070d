FROM conformance/base:1
EXPOSE 80/TCP 081 127.0.0.1:90:91 92:93/udp [::1]:94:95
