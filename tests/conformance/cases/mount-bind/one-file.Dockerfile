FROM conformance/base:1
RUN --mount=target=/new,source=a.txt cat /new > /seen
RUN --mount=target=/have/kept,source=/b.txt,ro cat /have/kept /have/linked >> /seen; stat -c %a /have/kept >> /seen
RUN --mount=dst=/a/b/c.md,src=./dir/../c.md cat /a/b/c.md >> /seen
RUN --mount=destination=/x,source=link cat /x >> /seen; stat -c %F /x >> /seen
