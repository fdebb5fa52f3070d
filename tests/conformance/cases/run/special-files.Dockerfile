FROM conformance/base:1
RUN mkfifo /pipe && mknod /null c 1 3 && mknod -m 640 /disk b 7 9 && chown 3:4 /disk
RUN rm /pipe /null
