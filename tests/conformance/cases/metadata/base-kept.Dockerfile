FROM conformance/full:1
EXPOSE 80
