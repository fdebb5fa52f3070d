FROM conformance/base:1
ADD truncated.gz /t/
# says: the compressed data is damaged: unexpected end of file
