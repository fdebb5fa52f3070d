FROM conformance/base:1
RUN ["/nothere", "x"]
# says: exec: "/nothere": stat /nothere: no such file or directory
