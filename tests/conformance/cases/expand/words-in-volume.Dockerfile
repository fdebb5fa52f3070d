FROM conformance/base:1
ENV V="/a /b"
VOLUME $V /c
VOLUME ["$V", "/d $V"]
