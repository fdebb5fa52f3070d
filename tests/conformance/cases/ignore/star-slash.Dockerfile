FROM conformance/base:1
COPY . /c/
