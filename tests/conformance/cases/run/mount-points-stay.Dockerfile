FROM conformance/base:1
RUN ls /etc > /tmp/etc
RUN echo x >> /etc/hosts || true
RUN echo nameserver > /etc/resolv.conf || true
