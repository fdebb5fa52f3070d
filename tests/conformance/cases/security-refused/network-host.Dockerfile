FROM conformance/base:1
RUN --network=host true
# says: network.host is not allowed
