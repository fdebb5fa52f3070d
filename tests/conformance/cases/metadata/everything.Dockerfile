FROM conformance/base:1
MAINTAINER Jane Doe <jane@example.org>
LABEL one=1 "two words"="v w" over=child
LABEL multi="line one \
  line two" empty=
LABEL old style label
EXPOSE 80 443/tcp 53/UDP 8000-8002/tcp
EXPOSE 81
VOLUME /v1 /v2
VOLUME ["/v3", "/v 4"]
STOPSIGNAL SIGUSR1
STOPSIGNAL 15
USER app:staff
CMD echo $HOME "quoted"
ENTRYPOINT ["/bin/sh", "-c", "a \"b\" <c> & d"]
