FROM conformance/base:1
ENV X=fromenv P=/p
RUN --mount=type=secret,id=s,env=S echo "got $S" > /seen; ls /run 2>> /seen; true
RUN --mount=type=secret,id=s,env=X echo "got $X" >> /seen
RUN echo "got $X" >> /seen
RUN --mount=type=secret,id=s,env=S,target=${P}/x echo "$S" >> /seen; cat /p/x >> /seen
RUN --mount=type=secret,id=none,env=X echo "got $X" >> /seen
# build: --secret id=s,src=/proc/sys/kernel/ostype
