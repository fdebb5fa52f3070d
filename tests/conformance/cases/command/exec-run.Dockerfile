FROM conformance/base:1
RUN ["/bin/sh", "-c", "echo \"$0 $FROM_BASE\" > /out", "arg"]
RUN ["touch", "$FROM_BASE", "a b"]
