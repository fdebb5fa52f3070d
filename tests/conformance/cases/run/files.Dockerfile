FROM conformance/base:1
RUN mkdir -p /t/dir /t/deep/er && echo 1 > /t/file && echo 2 > /t/deep/er/file \
 && ln /t/file /t/deep/hard && ln -s file /t/soft && ln -s /nowhere /t/dangling \
 && mkfifo -m 600 /t/fifo && mknod -m 660 /t/char c 1 7 && mknod -m 660 /t/block b 7 3 \
 && chmod 6711 /t/file && chmod 1777 /t/dir && chown 70000:3000000 /t/deep \
 && touch -d '2001-02-03 04:05:06' /t/deep/er/file /t/deep/er /t
RUN echo more >> /t/deep/er/file && touch -d '2001-02-03 04:05:07' /t/deep/er/file
RUN ln /t/deep/er/file /t/second-name
