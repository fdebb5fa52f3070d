FROM conformance/base:1
COPY ["a.txt", "b.txt", "/with space/"]
COPY ["with space", "/x"]
COPY ["?.txt", "/y/"]
