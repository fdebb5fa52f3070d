FROM conformance/base:1
ADD a.txt /a
ADD dir /d
ADD ?.txt /q/
ADD link /l
ADD --chmod=600 --chown=3 run.sh /r
