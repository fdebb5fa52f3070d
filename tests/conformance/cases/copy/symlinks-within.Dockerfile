FROM conformance/base:1
COPY dir/relative /a
COPY link-to-dir/one /b
COPY link-to-dir/sub /c
COPY link-to-dir/ /d/
