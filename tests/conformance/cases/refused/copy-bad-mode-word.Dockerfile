FROM conformance/base:1
COPY --chmod=u+q a.txt /x
# says: invalid chmod parameter: 'u+q'. it should be octal string and between 0 and 07777
