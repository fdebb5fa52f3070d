FROM conformance/base:1
COPY names /n
