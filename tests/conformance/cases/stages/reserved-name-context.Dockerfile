FROM conformance/base:1 AS context
