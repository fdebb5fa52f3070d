FROM conformance/base:1
RUN ["/nothere", "x"]
