FROM conformance/base:1
RUN <<A <<B
echo a > /a
A
echo b > /b
B
