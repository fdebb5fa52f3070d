FROM conformance/base:1
COPY <<one.txt <<two.conf /dir/
1
one.txt
2
two.conf
COPY <<x a.txt /mixed/
y
x
