FROM conformance/base:1
RUN --mount=type=cache,target=/conformance/kept rm -f /conformance/kept/*; echo one > /conformance/kept/one
RUN --mount=type=cache,target=/conformance/kept cat /conformance/kept/one > /seen
RUN --mount=type=cache,target=/other,id=/conformance/kept ls /other >> /seen
RUN --mount=type=cache,target=/other,id=/conformance/kept,ro touch /other/x 2>> /seen; true
RUN --mount=type=cache,target=/a,id=/conformance/kept,sharing=locked --mount=type=cache,target=/b,id=/conformance/kept,sharing=private touch /a/two && ls /b >> /seen
RUN ls /conformance /other 2>> /seen; true
