FROM conformance/base:1
USER nosuchuser
RUN true
