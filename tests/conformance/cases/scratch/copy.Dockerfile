FROM scratch
COPY a.txt dir/sub /
COPY --chown=3:4 b.txt /x/y/
ENV ONLY=this
EXPOSE 80
CMD ["/a.txt"]
