FROM conformance/base:1
RUN cat 3<<A 0<<B <&3 > /out
three
A
null
B
