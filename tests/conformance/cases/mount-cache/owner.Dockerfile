FROM conformance/base:1
RUN --mount=type=cache,target=/c,id=conformance-owner,uid=1000,gid=1001,mode=750 stat -c "%a %u:%g" /c > /seen; rm -f /c/*; touch /c/mine
RUN --mount=type=cache,target=/c,id=conformance-owner stat -c "%a %u:%g" /c >> /seen; ls /c >> /seen
RUN --mount=type=cache,target=/c,id=conformance-owner,mode=0750,uid=1000,gid=1001 ls /c >> /seen
RUN --mount=type=cache,target=/c,id=conformance-owner,uid=7 stat -c "%a %u:%g" /c >> /seen; ls /c >> /seen
