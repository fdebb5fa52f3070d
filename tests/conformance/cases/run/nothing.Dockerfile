FROM conformance/base:1
RUN true
RUN echo out; echo err >&2
RUN echo x > /tmp/x && rm /tmp/x
RUN cat /have/kept > /dev/null && ls -R / > /dev/null 2>&1 || true
RUN ["true"]
WORKDIR /have
