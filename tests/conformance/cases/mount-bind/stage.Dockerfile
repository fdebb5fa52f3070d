FROM conformance/base:1 AS Made
RUN mkdir -p /out/sub && echo one > /out/one && chmod 640 /out/one && chown 5:6 /out/one && ln -s /out/one /link && ln -s sub /out/to-sub && echo two > /out/sub/two
FROM conformance/base:1
RUN --mount=from=made,target=/made ls /made/out > /seen; stat -c "%a %u:%g" /made/out/one >> /seen
RUN --mount=from=MADE,source=/out,target=/o ls -R /o >> /seen
RUN --mount=from=made,source=link,target=/o cat /o >> /seen
RUN --mount=from=made,source=/out/to-sub/two,target=/o cat /o >> /seen
