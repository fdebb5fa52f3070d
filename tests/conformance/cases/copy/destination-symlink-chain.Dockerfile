FROM conformance/base:1
RUN ln -s to-have /two && ln -s ../../.. /have/up && ln -s up/have/sub /have/chain
COPY a.txt /two/1
COPY a.txt /have/up/2
COPY a.txt /have/chain/3
