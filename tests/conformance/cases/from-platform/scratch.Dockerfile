FROM --platform=linux/s390x scratch
COPY a.txt /
