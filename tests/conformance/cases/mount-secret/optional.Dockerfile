FROM conformance/base:1
RUN --mount=type=secret,id=none ls /run 2> /seen; true
RUN --mount=type=secret,id=none,required=false,target=/deep/er/x ls /deep 2>> /seen; true
