FROM conformance/base:1
RUN rm -r /have
COPY have /have
RUN rm /have/sub/new
COPY have /have
