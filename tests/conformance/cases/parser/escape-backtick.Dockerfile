# escape=`
FROM conformance/base:1
ENV DIR=C:\dir` with` blanks QUOTED="a`"b" DOLLAR=`$x SINGLE='`'
LABEL trailing=a`
\b
WORKDIR /a`b
RUN echo "a\b" > /out
