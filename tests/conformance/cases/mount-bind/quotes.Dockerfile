FROM conformance/base:1
RUN --mount='type=bind,"target=/x,y",source=a.txt' cat "/x,y" > /seen
RUN --mount=type=bind,source="with space",target=/y cat /y >> /seen
RUN --mount=type=bind,\
target=/z,\
  # a comment
source=c.md cat /z >> /seen
RUN --mount=target=/x,source=a.txt --network=none <<EOT
cat /x >> /seen
EOT
