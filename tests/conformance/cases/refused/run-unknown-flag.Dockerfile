FROM conformance/base:1
RUN --netwrk=none true
