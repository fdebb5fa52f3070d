FROM conformance/base:1
RUN --mount=target=/ctx cd /ctx; ls web have > /seen
