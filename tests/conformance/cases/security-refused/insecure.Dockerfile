FROM conformance/base:1
RUN --security=insecure true
# says: security.insecure is not allowed
