FROM conformance/base:1
ENV A=1 A=2 B=$A A=3
