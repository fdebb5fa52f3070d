# escape=`
# escape=`
FROM conformance/base:1
