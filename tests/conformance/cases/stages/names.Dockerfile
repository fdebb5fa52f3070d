FROM conformance/base:1 AS One.two-three_4
LABEL s=1
FROM one.two-three_4 as LAST
LABEL t=2
