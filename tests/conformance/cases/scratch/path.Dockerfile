FROM scratch
ENV PATH=/x:$PATH
COPY a.txt /
