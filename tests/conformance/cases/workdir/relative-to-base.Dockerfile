FROM conformance/full:1
WORKDIR below
WORKDIR ./again/..
USER root
WORKDIR ../..
