FROM conformance/base:1
RUN dd if=/dev/zero of=/big bs=1M count=3 2>/dev/null && truncate -s 5M /hole && printf end >> /hole
