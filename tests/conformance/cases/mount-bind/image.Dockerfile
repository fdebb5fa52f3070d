FROM scratch
RUN --mount=from=conformance/base:1,source=/bin,target=/bin --mount=from=conformance/base:1,target=/base ["/bin/sh", "-c", "cat /base/have/kept > /seen; ls /base >> /seen"]
