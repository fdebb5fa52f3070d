FROM conformance/base:1
RUN true
RUN :
RUN touch /x && rm /x
