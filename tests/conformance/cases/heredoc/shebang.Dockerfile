FROM conformance/base:1
COPY --chmod=755 <<EOF /i
#!/bin/sh
echo "i $@" > /out
EOF
RUN <<EOF
#!/i x
nothing
EOF
