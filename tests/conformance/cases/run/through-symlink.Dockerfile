FROM conformance/base:1
RUN echo x > /to-have/new && echo y > /tmp/y
RUN rm /to-have/new
