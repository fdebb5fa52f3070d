FROM conformance/base:1
ONBUILD RUN <<EOF
echo one
EOF
ONBUILD COPY <<EOF /x
text
EOF
ONBUILD RUN cat <<-A && cat <<B
	a
	A
b
B
