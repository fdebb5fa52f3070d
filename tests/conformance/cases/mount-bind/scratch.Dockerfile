FROM conformance/base:1
RUN --mount=from=scratch,target=/x,rw ls -a /x > /seen; touch /x/y && ls /x >> /seen
