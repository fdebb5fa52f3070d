FROM conformance/base:1
WORKDIR /w/x
ENV A=1
COPY a.txt .
# build: --build-arg SOURCE_DATE_EPOCH=1000000000
