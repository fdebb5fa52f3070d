FROM conformance/base:1
USER 4294967294
RUN true
# says: uids and gids must be in range 0-2147483647
