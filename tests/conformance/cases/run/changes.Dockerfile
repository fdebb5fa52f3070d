FROM conformance/base:1
RUN chmod 700 /have/kept
RUN chown 3:4 /have/sub
RUN touch -d '2002-02-02 02:02:02' /have/sub/old
RUN chmod 755 /have
RUN mv /have/capable /have/still-capable
RUN ln /have/setuid /have/linked-setuid
RUN echo in > /have/kept
RUN ln -sfn /tmp /to-have
