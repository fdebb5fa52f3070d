FROM conformance/bare:1
ENV A=1
RUN echo $PATH > /out
