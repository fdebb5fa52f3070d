FROM conformance/base:1
COPY --chmod=0 a.txt /1
COPY --chmod=7777 a.txt /2
COPY --chmod=0644 run.sh /3
COPY --chmod=755 dir /4
COPY --chmod=600 a.txt /p/q
