FROM conformance/full:1
RUN id -un > /tmp/x
COPY a.txt /tmp/root-owned
WORKDIR /tmp/w
