FROM conformance/base:1 AS scratch
