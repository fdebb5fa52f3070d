FROM conformance/base:1
LABEL a="one\
 two" b="three \
four"
