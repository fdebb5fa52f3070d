FROM conformance/base:1
RUN ln -s /have /l && ln -s nothing-here /dangling-in-root
RUN --mount=target=/to-have/sub,source=dir ls /have/sub > /seen
RUN --mount=target=/l/made,source=dir ls /have/made >> /seen
