FROM conformance/base:1
ONBUILD MAINTAINER x
