FROM conformance/base:1
RUN echo "$HTTP_PROXY $no_proxy" > /out
LABEL a=[$HTTP_PROXY]
# build: --build-arg HTTP_PROXY=http://proxy.test:1 --build-arg no_proxy=x.test
