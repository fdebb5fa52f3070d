FROM conformance/base:1
RUN rm /have/kept
RUN rm -r /have/sub
RUN rm /to-have
