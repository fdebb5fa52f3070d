FROM conformance/base:1
USER app
RUN echo $HOME > /tmp/a
ENV HOME=/other
RUN echo $HOME > /tmp/b
USER 4242
RUN echo $HOME > /tmp/c
