FROM conformance/base:1
label A=1
LaBeL b=2
eNV X y
cmd ["a"]
HealthCheck none
