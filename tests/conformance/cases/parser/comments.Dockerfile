FROM conformance/base:1
   # blanks before
	# a tab
#
##
LABEL a=1 \
# within
   # indented
\
  b="#2" c=3#no
RUN echo one # two \
  # three
  && echo four > /out # five
# last