FROM conformance/base:1
COPY *.txt /star/
COPY ?.txt /one/
COPY [ab].txt /class/
COPY [^ab].* /negated/
COPY dir/[ost]* /contents/
COPY d* /dirs/
COPY web/*.js web/*.nothing /some/
COPY *.nothing /nothing/
COPY [[]x].txt /brackets/
