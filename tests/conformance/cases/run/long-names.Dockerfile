FROM conformance/base:1
RUN n=$(printf %0200d 1); mkdir -p /$n/$n && echo x > /$n/$n/$n && ln -s /$n/$n/$n /l && ln /$n/$n/$n /$n/h
