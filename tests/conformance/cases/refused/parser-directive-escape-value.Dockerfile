# escape=x
FROM conformance/base:1
