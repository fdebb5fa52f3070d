FROM conformance/base:1 AS a
SHELL ["/bin/sh", "-e", "-c"]
FROM a
RUN echo $- > /out
CMD x
