FROM conformance/base:1
ARG HTTP_PROXY
ARG FTP_PROXY=ftp
RUN echo "$HTTP_PROXY" > /out
LABEL a=[$HTTP_PROXY][$FTP_PROXY]
# build: --build-arg HTTP_PROXY=http://proxy.test:1
