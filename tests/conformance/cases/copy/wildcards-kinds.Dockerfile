FROM conformance/base:1
COPY ?.txt /q/
COPY [ab].txt /set/
COPY [^a].txt /not/
COPY [a-c].* /range/
COPY dir/*/deep /stars/
COPY */index.html /any/
COPY \[x\].txt /escaped/
COPY [[]x].txt /class/
