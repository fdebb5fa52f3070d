FROM conformance/base:1
COPY dir /made/up/name
COPY dir/sub /made/up/name
COPY dir/sub/deep /made/up/name/
