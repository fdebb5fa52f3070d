FROM conformance/base:1
RUN echo a > /a && ln /a /b && mkdir /d && ln /a /d/c
RUN echo more >> /b
RUN ln /a /e
RUN ln /have/kept /have/third
