FROM conformance/base:1
RUN ln -s b /a && ln -s a /b
COPY a.txt /a/x
# says: too many levels of symbolic links: /a/x in the image
