FROM conformance/base:1
RUN touch -d "2001-02-03 04:05:06" /old && touch -h -d "1999-01-01 00:00:00" /to-nothing && mkdir /dir && touch -d "2002-02-02 00:00:00" /dir
RUN touch -d "1969-12-31 23:59:00" /before-epoch
