FROM conformance/base:1
WORKDIR /w
RUN --mount=type=cache,target=conformance-relative rm -f conformance-relative/*; touch conformance-relative/one
RUN --mount=type=cache,target=/x,id=conformance-relative ls /x > /seen
RUN --mount=type=cache,target=./conformance-relative/ ls conformance-relative >> /seen
