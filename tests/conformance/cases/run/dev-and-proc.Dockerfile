FROM conformance/base:1
# Whether there is a /dev/core depends on the kernel and the runtime.
RUN ls /dev | grep -vx core | tr "\n" " " > /tmp/dev; ls -l /dev/fd /dev/stdout | sed "s/.*-> //" > /tmp/links; id -G > /tmp/groups; grep -h Cap /proc/self/status > /tmp/caps; grep -E "NoNewPrivs|Seccomp:" /proc/self/status >> /tmp/caps
