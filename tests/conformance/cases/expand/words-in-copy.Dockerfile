FROM conformance/base:1
ENV S="a.txt c.md" SPACE="with space" D=/to
COPY $SPACE $D/
COPY ["$SPACE", "$D/json"]
COPY ${NONE:-a.txt} ${D}/x
