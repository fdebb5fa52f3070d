FROM conformance/base:1
LABEL a=<<x b=<< c=< d="<<" e=a<<b
ENV f=a<b
