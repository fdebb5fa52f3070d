FROM conformance/base:1
ARG WHAT=dir
ENV WHERE=/w/x YES=true
RUN --mount=type=bind,target=$WHERE,source=${WHAT} ls /w/x > /seen
RUN --mount=target=${WHERE%/x}/y,source=${NOTHING:-dir},rw=$YES ls /w/y >> /seen && touch /w/y/new
