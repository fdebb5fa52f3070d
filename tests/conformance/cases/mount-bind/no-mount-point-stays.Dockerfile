FROM conformance/base:1
RUN --mount=target=/new true
RUN --mount=target=/have/sub/deeper/and/deeper,source=a.txt true
RUN --mount=target=/m/n true && touch /m/beside
RUN --mount=target=/have/sub,rw touch /have/sub/hidden
RUN --mount=target=/tmp true
