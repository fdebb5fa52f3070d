FROM conformance/full:1
HEALTHCHECK  none 
