FROM conformance/base:1
FROM 0
# says: 0:latest: there is no such image on this machine
