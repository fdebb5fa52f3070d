FROM conformance/base:1 AS parent
ONBUILD RUN --mount=target=/x,source=a.txt cat /x > /seen
FROM parent
