FROM conformance/base:1
RUN --mount=type=tmpfs,target=/t --mount=type=tmpfs,target=/have --mount=type=tmpfs,target=/deep/er stat -c "%n %a %u:%g" /t /have /deep /deep/er > /seen; ls /have >> /seen
RUN --mount=type=tmpfs,target=/t cp /bin/busybox /t/echo && /t/echo executed >> /seen
RUN --mount=type=tmpfs,target=/t,ro touch /t/x 2>> /seen; true
