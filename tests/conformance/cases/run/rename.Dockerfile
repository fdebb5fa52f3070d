FROM conformance/base:1
RUN mv /have/sub /have/other && mv /have/kept /kept
RUN mv /have /moved
