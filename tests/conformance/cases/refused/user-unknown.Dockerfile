FROM conformance/base:1
USER nosuchuser
RUN true
# says: unable to find user nosuchuser: no matching entries in passwd file
