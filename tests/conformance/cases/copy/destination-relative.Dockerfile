FROM conformance/base:1
COPY a.txt x
COPY a.txt ./y
COPY a.txt ../z
COPY a.txt .
COPY dir/sub .
COPY dir/sub sub
