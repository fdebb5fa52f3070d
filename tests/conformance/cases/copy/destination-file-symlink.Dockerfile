FROM conformance/base:1
RUN ln -s have/kept /file-link
COPY a.txt /file-link
COPY b.txt /to-nothing
