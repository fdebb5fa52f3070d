FROM conformance/base:1
COPY long-* /l/
