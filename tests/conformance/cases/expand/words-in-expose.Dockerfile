FROM conformance/base:1
ENV PORTS="80 81/udp" RANGE=90-91
EXPOSE $PORTS ${RANGE}/tcp ${NONE} ${NONE:-99}
