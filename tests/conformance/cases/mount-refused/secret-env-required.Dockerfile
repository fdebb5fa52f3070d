FROM conformance/base:1
RUN --mount=type=secret,id=none,env=X,required true
