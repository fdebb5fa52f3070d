FROM conformance/base:1
RUN echo $0 > /tmp/before
SHELL ["/bin/sh", "-e", "-x", "-c"]
RUN echo $0 $- > /tmp/after
CMD run me
SHELL ["/bin/ash", "-c"]
ENTRYPOINT enter here
HEALTHCHECK CMD check me
RUN ["sh", "-c", "echo $0 > /tmp/exec"]
