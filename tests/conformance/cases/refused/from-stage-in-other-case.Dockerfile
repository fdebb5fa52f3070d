FROM conformance/base:1 AS name
FROM NAME
