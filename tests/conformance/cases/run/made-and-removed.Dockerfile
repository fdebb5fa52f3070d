FROM conformance/base:1
RUN echo x > /x
RUN rm /x
RUN echo y > /x
RUN echo z > /z && rm /z
