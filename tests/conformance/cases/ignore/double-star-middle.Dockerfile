FROM conformance/base:1
COPY dir /c/
COPY names /n/
