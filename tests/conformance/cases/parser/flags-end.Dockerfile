FROM conformance/base:1
RUN --network=none -- echo --x > /out
CMD -- echo
COPY -- a.txt /z
