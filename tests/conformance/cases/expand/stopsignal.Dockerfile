FROM conformance/base:1
ENV S=QUIT
STOPSIGNAL SIG${S}
