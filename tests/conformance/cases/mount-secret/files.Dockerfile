FROM conformance/base:1
WORKDIR /w
RUN --mount=type=secret,id=s cat /run/secrets/s > /seen; stat -c "%a %u:%g" /run /run/secrets /run/secrets/s >> /seen
RUN --mount=type=secret,id=s,target=here cat /w/here >> /seen
RUN --mount=type=secret,target=/q/s cat /q/s >> /seen
RUN --mount=type=secret,src=s,dst=/q cat /q >> /seen
RUN --mount=type=secret,id=s,uid=5 --mount=type=secret,id=s,target=/two,gid=6,mode=0644 stat -c "%a %u:%g" /run/secrets/s /two >> /seen
RUN --mount=type=secret,id=s,rw touch /run/secrets/s 2>> /seen; true
RUN ls /run /q /two /w 2>> /seen; true
# build: --secret id=s,src=/proc/sys/kernel/ostype
