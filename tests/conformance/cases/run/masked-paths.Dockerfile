FROM conformance/base:1
RUN cat /proc/kcore 2>/dev/null | head -c 1 | wc -c > /tmp/k; (echo x > /proc/sys/kernel/domainname) 2>/dev/null && echo writable > /tmp/w; touch /sys/x 2>/dev/null && echo writable >> /tmp/w; true
