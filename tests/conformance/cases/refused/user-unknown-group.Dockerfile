FROM conformance/base:1
USER app:nosuchgroup
RUN true
# says: unable to find group nosuchgroup: no matching entries in group file
