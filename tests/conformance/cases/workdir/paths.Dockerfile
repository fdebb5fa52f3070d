FROM conformance/base:1
WORKDIR /have
WORKDIR /made/by/workdir
WORKDIR relative
WORKDIR ../sibling
WORKDIR /home/../have/./new/
RUN pwd > /tmp/pwd
USER app
WORKDIR /home/app/dir
WORKDIR /
WORKDIR tmp
