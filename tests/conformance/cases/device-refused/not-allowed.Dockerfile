FROM conformance/base:1
RUN --device=vendor.com/gpu=all true
# says: device vendor.com/gpu=all is not allowed
