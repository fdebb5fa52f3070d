FROM conformance/base:1
HEALTHCHECK --interval=1ms --timeout=1000us --start-period=1000000ns --start-interval=0.001s CMD x
