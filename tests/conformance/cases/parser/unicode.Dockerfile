FROM conformance/base:1
LABEL ключ=значение 日本="語 語"
ENV É=é
COPY a.txt /ü/ñ.txt
CMD echo “quoted”
