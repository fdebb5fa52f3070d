FROM conformance/base:1
RUN --mount=target=/ctx touch /ctx/new 2> /seen; true
RUN --mount=target=/ctx,ro=false touch /ctx/new && ls /ctx/new >> /seen
RUN --mount=target=/ctx,rw=false touch /ctx/new 2>> /seen; true
RUN --mount=target=/ctx,ro,rw touch /ctx/new && ls /ctx/new >> /seen
RUN --mount=target=/ctx,READONLY touch /ctx/new 2>> /seen; true
