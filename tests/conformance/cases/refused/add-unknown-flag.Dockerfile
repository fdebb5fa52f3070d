FROM conformance/base:1
ADD --from=a x /
