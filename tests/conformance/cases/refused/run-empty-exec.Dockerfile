FROM conformance/base:1
RUN []
# says: RUN requires at least one argument
