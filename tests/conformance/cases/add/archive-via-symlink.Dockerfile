FROM conformance/base:1
ADD link-to-packed /l/
