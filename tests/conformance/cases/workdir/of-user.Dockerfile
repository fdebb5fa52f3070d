FROM conformance/base:1
USER app:extra
WORKDIR /one/two
USER 7
WORKDIR three
USER 8:9
WORKDIR /have/four
