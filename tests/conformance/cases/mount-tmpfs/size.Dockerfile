FROM conformance/base:1
RUN --mount=type=tmpfs,target=/t,size=1m dd if=/dev/zero of=/t/x bs=1k count=3000 2> /dev/null; stat -c %s /t/x > /seen
RUN --mount=type=tmpfs,target=/t,size=64KB df -k /t | tail -1 | tr -s " " | cut -d" " -f2 >> /seen
