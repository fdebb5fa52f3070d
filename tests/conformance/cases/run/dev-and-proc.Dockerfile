FROM conformance/base:1
RUN ls /dev | tr "\n" " " > /tmp/dev; ls -l /dev/fd /dev/stdout | sed "s/.*-> //" > /tmp/links; id -G > /tmp/groups; grep -h Cap /proc/self/status > /tmp/caps; grep -E "NoNewPrivs|Seccomp:" /proc/self/status >> /tmp/caps
