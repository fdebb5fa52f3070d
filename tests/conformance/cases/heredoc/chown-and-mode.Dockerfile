FROM conformance/base:1
COPY --chown=app:extra --chmod=4711 <<EOF /dir/file
x
EOF
ADD --chmod=0 <<EOF /none
y
EOF
USER app
COPY <<EOF /by-app
z
EOF
