FROM conformance/base:1 AS a b
