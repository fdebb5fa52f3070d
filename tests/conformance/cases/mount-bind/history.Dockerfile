FROM conformance/base:1
ARG A=1
RUN --mount=target=/x --mount=type=cache,target=/conformance/c --mount=type=tmpfs,target=/t --mount=type=secret,id=s --mount=type=ssh ["true"]
