FROM conformance/base:1
RUN ln -s nothing /dangling-x && ln -s have /dir-x
FROM scratch
COPY --from=0 /dir-* /a/
