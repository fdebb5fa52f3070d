FROM conformance/base:1
RUN umask 077; touch /a; mkdir /b
RUN umask > /tmp/umask; ulimit -n > /dev/null; ls -d /proc/1 /sys/kernel /dev/null > /tmp/ls
