FROM conformance/bare:1
COPY a.txt .
COPY a.txt rel/
RUN pwd > out
