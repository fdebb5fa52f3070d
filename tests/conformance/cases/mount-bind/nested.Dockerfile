FROM conformance/base:1
RUN --mount=type=tmpfs,target=/a/b --mount=target=/a/b/c,source=dir --mount=type=tmpfs,target=/a ls -R /a > /seen; stat -c %a /a /a/b >> /seen; grep " /a" /proc/mounts | cut -d" " -f2,3 | grep -v ext4 >> /seen
RUN --mount=target=/ctx,rw --mount=type=tmpfs,target=/ctx/dir/sub ls /ctx/dir/sub /ctx/dir >> /seen
RUN --mount=target=/x,source=dir --mount=target=/x,source=web ls /x >> /seen
