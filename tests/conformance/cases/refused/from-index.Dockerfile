FROM conformance/base:1
FROM 0
