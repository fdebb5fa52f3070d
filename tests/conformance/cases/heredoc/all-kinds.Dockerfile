FROM conformance/base:1
ARG WORD=world
RUN <<EOF
echo one $WORD > /run
echo two >> /run
EOF
RUN cat <<A > /a && cat <<-"B" > /b
  hello $WORD
A
	tab
	$WORD
B
RUN <<EOF
#!/bin/sh
echo $0 > /script
EOF
COPY <<EOF /copied
expanded $WORD \$WORD
EOF
COPY --chmod=755 --chown=app <<"EOF" /literal
#!/bin/sh
echo $WORD
EOF
COPY a.txt <<one <<two /several/
1
one
2
two
ADD <<EOF /added/
x
EOF
RUN sh <<-E
	echo from stdin > /stdin
	E
