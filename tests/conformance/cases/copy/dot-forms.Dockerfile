FROM conformance/base:1
COPY dir/. /a
COPY ./dir/./sub/ /b/
COPY /dir/../dir/sub /c
COPY ../../a.txt /d
COPY dir/.. /e/
