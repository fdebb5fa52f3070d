FROM conformance/base:1
RUN --mount=type=ssh env | grep SSH > /seen; ls /run 2>> /seen; true
RUN --mount=type=ssh,id=a,target=/a.sock --mount=type=ssh env | grep SSH >> /seen
ENV SSH_AUTH_SOCK=mine
RUN --mount=type=ssh env | grep SSH >> /seen
