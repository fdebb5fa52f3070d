FROM conformance/base:1
USER nosuchuser
WORKDIR /new
