FROM conformance/base:1
RUN mkdir /before && echo 1 > /before/file
VOLUME /before /after
RUN echo 2 > /before/written && mkdir -p /after && echo 3 > /after/written
COPY a.txt /after/
