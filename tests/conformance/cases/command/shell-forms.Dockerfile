FROM conformance/base:1
SHELL ["/bin/sh"]
CMD x
SHELL ["/bin/sh", "-c", "a b", "$x"]
CMD y
