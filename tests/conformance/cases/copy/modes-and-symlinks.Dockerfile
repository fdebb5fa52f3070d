FROM conformance/base:1
COPY --chmod=600 dir /d
COPY --chmod=600 link /l
