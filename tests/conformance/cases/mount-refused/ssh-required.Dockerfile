FROM conformance/base:1
RUN --mount=type=ssh,id=none,required=true true
