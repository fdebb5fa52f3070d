FROM conformance/base:1
RUN rm -r /have && mkdir /have && echo n > /have/new
COPY have /have
