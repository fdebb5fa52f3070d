FROM conformance/base:1
COPY <<-EOF /1
	tab
		two
  blanks
 	mixed
	EOF
RUN <<-EOF
	echo a > /2
		EOF
