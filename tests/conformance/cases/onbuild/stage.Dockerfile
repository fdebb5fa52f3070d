FROM conformance/base:1 AS a
ONBUILD LABEL built=on
ONBUILD RUN echo x > /trigger
LABEL a=1
FROM a AS b
LABEL b=1
FROM b
LABEL c=1
