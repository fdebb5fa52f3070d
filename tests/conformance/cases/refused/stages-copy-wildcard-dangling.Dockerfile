FROM conformance/base:1
RUN ln -s nothing /dangling-x
FROM scratch
COPY --from=0 /dangling-* /a/
