FROM conformance/base:1
RUN rm /have/kept && mkdir /have/kept && echo x > /have/kept/in
