FROM conformance/onbuild:1
RUN cat /tmp/trigger > /tmp/seen; echo $TRIGGER >> /tmp/seen
ENTRYPOINT ["own"]
