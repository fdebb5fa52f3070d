FROM scratch
RUN true
# says: exec: "/bin/sh": stat /bin/sh: no such file or directory
