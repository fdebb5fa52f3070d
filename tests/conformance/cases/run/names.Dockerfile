FROM conformance/base:1
RUN touch "/with space" "$(printf '/new\nline')" "/-dash" "/'q'" "/back\\slash" /.hidden && mkdir "/d\"q" && echo ok > "/d\"q/f"
