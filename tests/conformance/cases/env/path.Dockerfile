FROM conformance/base:1
ENV PATH=/only
RUN ["/bin/sh", "-c", "echo $PATH > /out"]
