FROM conformance/full:1
ENV PATH=/new EMPTY=full
