FROM conformance/base:1 AS first
RUN --mount=from=second,target=/x cat /x/two > /seen
FROM conformance/base:1 AS second
RUN echo 2 > /two
FROM first
RUN echo 3 >> /seen
