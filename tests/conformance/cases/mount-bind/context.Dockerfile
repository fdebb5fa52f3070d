FROM conformance/base:1
RUN --mount=target=/ctx find /ctx/dir /ctx/a.txt /ctx/setuid /ctx/link /ctx/have -exec stat -c "%n %a %u:%g %s %Y %F" {} + | sort > /seen; ls /ctx | wc -l >> /seen
RUN --mount=type=bind,target=/ctx,source=dir cd /ctx && find . -exec stat -c "%n %a %u:%g %Y" {} + | sort > /seen-dir; cat /ctx/relative /ctx/sub/deep >> /seen-dir
