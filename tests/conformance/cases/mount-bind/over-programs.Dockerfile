FROM conformance/base:1
RUN --mount=target=/have --mount=target=/bin,from=conformance/base:1,source=/bin ls /have/a.txt > /seen
