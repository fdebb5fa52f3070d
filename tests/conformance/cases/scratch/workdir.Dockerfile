FROM scratch
WORKDIR /data
ENTRYPOINT ["/nothing"]
