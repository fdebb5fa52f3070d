FROM conformance/base:1
RUN rm -r /have && mkdir /have && echo n > /have/new
RUN rm -r /have
RUN mkdir -p /have/sub
