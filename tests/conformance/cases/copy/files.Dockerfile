FROM conformance/base:1
COPY a.txt /renamed
COPY a.txt /new/folder/
COPY a.txt /new/other/name
COPY b.txt have/
COPY a.txt b.txt run.sh /several/
COPY ["with space", "/json form/"]
COPY empty sparse /
WORKDIR /work
COPY a.txt .
COPY a.txt ./below/
COPY a.txt below/b
COPY ./dir/../c.md /cleaned
COPY /a.txt /from-root-of-context
