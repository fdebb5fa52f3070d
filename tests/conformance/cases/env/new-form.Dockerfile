FROM conformance/base:1
ENV A=1 B="2 3" C=4\ 5 D= E="" F='' G=a=b H==
