FROM conformance/base:1
ENV B=
LABEL a=${B:?}
