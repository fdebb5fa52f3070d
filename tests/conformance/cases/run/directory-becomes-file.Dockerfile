FROM conformance/base:1
RUN rm -r /have/sub && echo x > /have/sub
RUN rm -r /have && ln -s /etc /have
