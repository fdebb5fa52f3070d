FROM conformance/base:1
ONBUILD RUN echo   one && \
  echo two
ONBUILD COPY . /app
onbuild ENTRYPOINT ["x"]
