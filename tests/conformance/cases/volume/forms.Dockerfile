FROM conformance/base:1
VOLUME /a /b/ c ./d
VOLUME ["/e f"]
VOLUME /a
VOLUME  [ ]x
