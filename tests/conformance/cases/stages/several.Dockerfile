FROM conformance/base:1 AS first
ENV IN_FIRST=1
ARG ONLY_FIRST=1
LABEL first=1
WORKDIR /first
RUN echo 1 > 1
FROM first AS Second
RUN echo 2 > 2
CMD ["second"]
FROM conformance/base:1 AS unused
RUN false
FROM second
ARG ONLY_FIRST
COPY --from=first first/1 /copied
COPY --from=0 /first /whole
RUN echo "$IN_FIRST[$ONLY_FIRST]" > last
