FROM conformance/base:1
RUN --mount=type=tmpfs,target=/t,id=x,env=Y touch /t/x && echo ok > /seen
