FROM conformance/base:1
RUN ["/etc"]
# says: exec: "/etc": permission denied
