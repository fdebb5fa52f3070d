FROM conformance/base:1
WORKDIR /w
COPY a.txt .
COPY a.txt x/
COPY a.txt ../up
RUN pwd > pwd
ADD packed.tar .
