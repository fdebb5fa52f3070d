FROM conformance/base:1
RUN (sleep 0.05; echo late > /late) & true
RUN exit 0; false
