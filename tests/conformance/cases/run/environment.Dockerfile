FROM conformance/base:1
ARG A=1
RUN tr '\0' '\n' < /proc/1/environ | sort > /env
RUN grep -w localhost /etc/hosts | grep -c "^127.0.0.1" > /hosts; echo x >> /etc/hosts; test -s /etc/resolv.conf
RUN grep -E 'Cap|NoNew|Seccomp:' /proc/self/status > /status; umask > /umask; cat /proc/1/comm > /comm
# Whether there is a /dev/core depends on the kernel and the runtime.
RUN (ls -l /dev | grep -v kcore | awk '{ print $1, $3, $4, $NF }' | sort; ls -ld /dev/shm /dev/pts | awk '{ print $1 }') > /dev-list
RUN ls -l /proc/self/fd | awk '{ print $9 }' | sort -n | tr '\n' ' ' > /descriptors; tty > /tty; ls /sys/fs/cgroup > /dev/null
RUN read -r line; echo "[$line]" > /stdin
