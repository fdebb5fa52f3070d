FROM conformance/full:1
RUN echo $- > /tmp/out
CMD x
HEALTHCHECK CMD y
