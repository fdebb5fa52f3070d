FROM conformance/base:1
RUN mkdir -p /d/a /d/b && echo 1 > /d/a/1 && echo 2 > /d/b/2 && echo 3 > /d/3
RUN rm /d/3 && rm -r /d/b
RUN rm -r /d/a && mkdir /d/a && echo new > /d/a/new
RUN rm /have/kept && mkdir /have/kept
RUN rm -r /have/sub && echo file > /have/sub
RUN mv /d /e
RUN mv /have /moved
RUN rm -rf /moved /e
