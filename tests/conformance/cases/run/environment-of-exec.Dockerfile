FROM conformance/base:1
ENV A="x y" B=
RUN env | sort | grep -v -i proxy > /tmp/env
RUN ["env"]
