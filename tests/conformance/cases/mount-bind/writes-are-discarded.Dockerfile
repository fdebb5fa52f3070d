FROM conformance/base:1 AS made
RUN mkdir /out && echo one > /out/one
FROM conformance/base:1
RUN --mount=target=/ctx,rw echo more >> /ctx/a.txt && rm /ctx/b.txt && cat /ctx/a.txt > /seen
RUN --mount=target=/ctx,rw cat /ctx/a.txt /ctx/b.txt >> /seen
RUN --mount=from=made,source=/out,target=/o,readwrite touch /o/two && ls /o >> /seen
RUN --mount=from=made,source=/out,target=/o,rw ls /o >> /seen
RUN --mount=target=/a.txt,source=a.txt,rw echo x > /a.txt && cat /a.txt >> /seen
RUN --mount=target=/a.txt,source=a.txt cat /a.txt >> /seen
