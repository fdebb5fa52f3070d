FROM a AS a
# says: a:latest: there is no such image on this machine
