FROM conformance/base:1
COPY a.txt /have
COPY a.txt /have/sub/
COPY a.txt have/new/.
