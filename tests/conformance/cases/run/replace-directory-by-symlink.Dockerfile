FROM conformance/base:1
RUN mv /have /real && ln -s real /have
COPY have/sub /have/sub
RUN echo 1 > /have/sub/again
